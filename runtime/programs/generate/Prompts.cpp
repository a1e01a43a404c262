// Reading and checking prompts.
#include "runtime/programs/generate/Prompts.h"

#include "runtime/core/Error.h"
#include "runtime/io/File.h"
#include "runtime/io/Json.h"
#include "runtime/programs/generate/Options.h"

#include <algorithm>

namespace hadal {

using Json = nlohmann::ordered_json;

namespace {

/// The directory of the tokenizer, in which the chat template lies as well.
std::filesystem::path tokenizerFolder(const GenerateOptions &options) {
  const std::filesystem::path &path = options.tokenizer.empty() ? options.load : options.tokenizer;
  return std::filesystem::is_directory(path) ? path : path.parent_path();
}

/// Calls the function; what it fails with names the place.
template <class Function> auto at(const std::string &place, Function function) {
  try {
    return function();
  } catch (const Error &error) {
    fail(error.code(), place, ": ", error.what());
  }
}

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

std::vector<int32_t> readTokens(const Json &prompt, const std::string &place) {
  std::vector<int32_t> tokens;
  bool isList = prompt.is_array();
  for (size_t i = 0; isList && i < prompt.size(); ++i) {
    const Json &token = prompt[i];
    isList = token.is_number_integer() && token.get<int64_t>() >= INT32_MIN && token.get<int64_t>() <= INT32_MAX;
    if (isList)
      tokens.push_back(token.get<int32_t>());
  }
  if (!isList)
    fail(HADAL_EXIT_INPUT, place, ": 'prompt' is a text or a list of token ids, not ", dumpJson(prompt).substr(0, 40));
  return tokens;
}

/// What goes with messages. As in requests to servers, the last one has its name from them.
constexpr std::string_view ofConversations[] = {"tools", "documents", "chat_template_kwargs"};

/// The line's object, whose keys are known and go together.
Json readObject(std::string_view line, const std::string &place) {
  Json object = Json::parse(line, nullptr, false);
  auto require = [&](bool condition, const auto &...parts) {
    if (!condition)
      fail(HADAL_EXIT_INPUT, place, ": ", parts...);
  };
  require(object.is_object(),
          "is no JSON object such as {\"id\": 1, \"prompt\": \"Once upon\"}: ", quoteBeginning(line));
  bool hasMessages = object.contains("messages");
  for (const auto &[key, value] : object.items()) {
    bool isOfConversation = std::ranges::find(ofConversations, key) != std::end(ofConversations);
    require(isOfConversation || key == "id" || key == "prompt" || key == "messages" || key == "max_tokens" ||
                key == "seed",
            "unknown key '", key,
            "'; a line has 'prompt' or 'messages', and may have 'id', 'max_tokens' and 'seed', and with messages ",
            "'tools', 'documents' and 'chat_template_kwargs'");
    require(hasMessages || !isOfConversation, "'", key, "' is for 'messages', and there are none");
  }
  require(hasMessages || object.contains("prompt"), "has no 'prompt' and no 'messages'");
  require(!hasMessages || !object.contains("prompt"), "has both 'prompt' and 'messages': leave one of them out");
  return object;
}

Conversation readConversation(const Json &object, const std::string &place) {
  Conversation conversation{.messages = object["messages"],
                            .tools = object.value("tools", Json()),
                            .documents = object.value("documents", Json())};
  for (const char *key : {"tools", "documents"})
    if (object.contains(key) && !object[key].is_array() && !object[key].is_null())
      fail(HADAL_EXIT_INPUT, place, ": '", key, "' is a list of objects, not ", dumpJson(object[key]).substr(0, 40));
  if (!object.contains("chat_template_kwargs"))
    return conversation;
  conversation.variables = object["chat_template_kwargs"];
  if (!conversation.variables.is_object())
    fail(HADAL_EXIT_INPUT, place, ": 'chat_template_kwargs' is an object, not ",
         dumpJson(conversation.variables).substr(0, 40));
  return conversation;
}

} // namespace

PromptReader::PromptReader(const GenerateOptions &options, const PromptLimits &limits, Tokenizer &tokenizer)
    : options(options), limits(limits), tokenizer(tokenizer),
      chat(tokenizerFolder(options), options.chat, options.special) {}

Prompt PromptReader::ofTokens(std::vector<int32_t> tokens, const std::string &place) const {
  Prompt prompt{place, {}, std::move(tokens), options.maxTokens};
  check(prompt, limits);
  return prompt;
}

std::vector<int32_t> PromptReader::encode(const std::string &text) const {
  std::vector<int32_t> tokens =
      tokenizer.encode(text, options.special ? AddedTokenPolicy::All : AddedTokenPolicy::None);
  std::optional<int32_t> begin = tokenizer.beginOfText();
  if (tokenizer.addsBeginOfText() && begin && !tokens.empty() && tokens.front() != *begin)
    tokens.insert(tokens.begin(), *begin);
  return tokens;
}

Prompt PromptReader::ofText(const std::string &text, const std::string &place) {
  if (options.chat.isOn)
    return ofConversation({.messages = Json::array({messageOf("user", text)})}, place);
  return ofTokens(at(place, [&] { return encode(text); }), place);
}

Prompt PromptReader::ofConversation(Conversation conversation, const std::string &place) {
  ChatPrompt read = at(place, [&] { return chat.encode(std::move(conversation), tokenizer); });
  Prompt prompt = ofTokens(std::move(read.tokens), place);
  prompt.isInThought = read.isInThought;
  return prompt;
}

Prompt PromptReader::readLine(std::string_view line, const std::string &place) {
  Json object = readObject(line, place);
  const Json &text = object["prompt"];
  if (options.chat.isOn && text.is_array())
    fail(HADAL_EXIT_INPUT, place, ": a prompt of token ids is nothing that a user says: leave out --chat");
  Prompt prompt = object.contains("messages") ? ofConversation(readConversation(object, place), place)
                  : text.is_string()          ? ofText(text.get<std::string>(), place)
                                              : ofTokens(readTokens(text, place), place);
  prompt.id = object.value("id", Json());
  if (object.contains("max_tokens")) {
    const Json &given = object["max_tokens"];
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

std::vector<Prompt> PromptReader::readLines(const std::filesystem::path &path) {
  std::string text = readText(path);
  std::vector<Prompt> prompts;
  std::string_view left = text;
  for (size_t number = 1; !left.empty(); ++number) {
    size_t end = std::min(left.find('\n'), left.size());
    std::string_view line = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    if (line.find_first_not_of(" \t\r") != line.npos)
      prompts.push_back(readLine(line, concat(path.string(), ":", number)));
  }
  if (prompts.empty())
    fail(HADAL_EXIT_INPUT, path.string(), ": holds no prompts: one JSON object a line is expected");
  return prompts;
}

std::vector<Prompt> PromptReader::readAll() {
  if (options.prompt)
    return {ofText(*options.prompt, "--prompt")};
  if (!options.promptFile.empty())
    return {ofText(readText(options.promptFile), options.promptFile.string())};
  return readLines(options.prompts);
}

} // namespace hadal
