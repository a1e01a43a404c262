// Reading and checking prompts.
#include "runtime/programs/generate/Prompts.h"

#include "runtime/core/Error.h"
#include "runtime/io/File.h"
#include "runtime/programs/generate/Options.h"
#include "runtime/text/Tokenizer.h"

namespace hadal {

namespace {

void check(const Prompt &prompt, const PromptLimits &limits) {
  auto require = [&](bool condition, const auto &...parts) {
    if (!condition)
      fail(HADAL_EXIT_INPUT, prompt.place, ": ", parts...);
  };
  require(!prompt.tokens.empty(), "the prompt is empty: there is nothing to continue; give at least one token");
  for (size_t i = 0; i < prompt.tokens.size(); ++i)
    require(prompt.tokens[i] >= 0 && prompt.tokens[i] < limits.vocabulary, "token ", i, " of the prompt is ",
            prompt.tokens[i], "; the model's vocabulary has ", limits.vocabulary,
            limits.vocabulary < 256 ? " tokens, and text is read as bytes: give token ids in --prompts" : " tokens");
  require(static_cast<int64_t>(prompt.tokens.size()) < limits.positions, "the prompt has ", prompt.tokens.size(),
          " tokens, and the program was compiled for sequences of ", limits.positions,
          ", one of them generated: shorten it, or compile with a larger --max-sequence");
}

std::vector<int32_t> encodePrompt(const std::string &text, const std::string &place, Tokenizer &tokenizer) {
  std::vector<int32_t> tokens;
  try {
    tokens = tokenizer.encode(text);
  } catch (const Error &error) {
    fail(error.code(), place, ": ", error.what());
  }
  if (tokenizer.addsBeginOfText() && tokenizer.beginOfText() && !tokens.empty())
    tokens.insert(tokens.begin(), *tokenizer.beginOfText());
  return tokens;
}

/// The tokens of a line's prompt: text, or token ids.
std::vector<int32_t> readTokens(const nlohmann::json &prompt, const std::string &place, Tokenizer &tokenizer) {
  if (prompt.is_string())
    return encodePrompt(prompt.get<std::string>(), place, tokenizer);
  std::vector<int32_t> tokens;
  bool isList = prompt.is_array();
  for (size_t i = 0; isList && i < prompt.size(); ++i) {
    const nlohmann::json &token = prompt[i];
    isList = token.is_number_integer() && token.get<int64_t>() >= INT32_MIN && token.get<int64_t>() <= INT32_MAX;
    if (isList)
      tokens.push_back(token.get<int32_t>());
  }
  if (!isList)
    fail(HADAL_EXIT_INPUT, place, ": 'prompt' is a text or a list of token ids, not ", prompt.dump().substr(0, 40));
  return tokens;
}

Prompt readLine(std::string_view line, const std::string &place, int64_t maxTokens, Tokenizer &tokenizer) {
  nlohmann::ordered_json object = nlohmann::ordered_json::parse(line, nullptr, false);
  if (!object.is_object())
    fail(HADAL_EXIT_INPUT, place,
         ": is no JSON object such as {\"id\": 1, \"prompt\": \"Once upon\"}: ", quoteBeginning(line));
  for (const auto &[key, value] : object.items())
    if (key != "id" && key != "prompt" && key != "max_tokens" && key != "seed")
      fail(HADAL_EXIT_INPUT, place, ": unknown key '", key,
           "'; a line has 'prompt', and may have 'id', 'max_tokens' and 'seed'");
  if (!object.contains("prompt"))
    fail(HADAL_EXIT_INPUT, place, ": has no 'prompt'");
  Prompt prompt{place, object.value("id", nlohmann::ordered_json()), readTokens(object["prompt"], place, tokenizer),
                maxTokens};
  if (object.contains("max_tokens")) {
    const auto &given = object["max_tokens"];
    if (!given.is_number_integer() || given.get<int64_t>() < 1)
      fail(HADAL_EXIT_INPUT, place, ": 'max_tokens' is a whole number from 1 up, not ", given.dump().substr(0, 40));
    prompt.maxTokens = given.get<int64_t>();
  }
  if (object.contains("seed")) {
    if (!object["seed"].is_number_unsigned())
      fail(HADAL_EXIT_INPUT, place, ": 'seed' is a whole number from 0 up, not ", object["seed"].dump().substr(0, 40));
    prompt.seed = object["seed"].get<uint64_t>();
  }
  return prompt;
}

std::vector<Prompt> readLines(const std::filesystem::path &path, int64_t maxTokens, Tokenizer &tokenizer) {
  std::string text = readText(path);
  std::vector<Prompt> prompts;
  std::string_view left = text;
  for (size_t number = 1; !left.empty(); ++number) {
    size_t end = std::min(left.find('\n'), left.size());
    std::string_view line = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    if (line.find_first_not_of(" \t\r") != line.npos)
      prompts.push_back(readLine(line, concat(path.string(), ":", number), maxTokens, tokenizer));
  }
  if (prompts.empty())
    fail(HADAL_EXIT_INPUT, path.string(), ": holds no prompts: one JSON object a line is expected");
  return prompts;
}

} // namespace

std::vector<Prompt> readPrompts(const GenerateOptions &options, const PromptLimits &limits, Tokenizer &tokenizer) {
  std::vector<Prompt> prompts;
  auto add = [&](const std::string &text, const std::string &place) {
    prompts.push_back({place, {}, encodePrompt(text, place, tokenizer), options.maxTokens});
  };
  if (options.prompt)
    add(*options.prompt, "--prompt");
  else if (!options.promptFile.empty())
    add(readText(options.promptFile), options.promptFile.string());
  else
    prompts = readLines(options.prompts, options.maxTokens, tokenizer);
  for (const Prompt &prompt : prompts)
    check(prompt, limits);
  return prompts;
}

} // namespace hadal
