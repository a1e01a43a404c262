//===- hadal-tokenize.cpp - what a text becomes -------------------------------------------------------------------===//
//
// Reads the tokenizer of a Hugging Face directory and shows the tokens of a text, or the text of tokens. It is the
// tokenizer of the runtime, which generated programs have: what it shows is what a model reads.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "runtime/io/File.h"
#include "runtime/io/Json.h"
#include "runtime/programs/OptionGroups.h"
#include "runtime/programs/Report.h"
#include "runtime/text/Tokenizer.h"
#include "runtime/text/Utf8.h"

#include <charconv>
#include <iostream>
#include <iterator>

using namespace hadal;

namespace {

struct Options {
  std::filesystem::path tokenizer;
  std::string input = "-";
  std::optional<std::string> text;
  bool decode = false, special = false, json = false, jsonLines = false, ids = false;
};

std::string readInput(const Options &options) {
  if (options.text)
    return *options.text;
  if (options.input != "-")
    return readText(options.input);
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  if (std::cin.bad())
    fail(HADAL_EXIT_INPUT, "cannot read standard input");
  return text;
}

/// The bytes in quotes; what does not print, or is not UTF-8, as escapes.
std::string quote(std::string_view bytes) {
  std::string quoted = "\"";
  char escape[8];
  while (!bytes.empty()) {
    Utf8Sequence sequence = readUtf8(bytes);
    unsigned char first = static_cast<unsigned char>(bytes[0]);
    bool isCharacter = sequence.kind == Utf8Sequence::Kind::Character;
    if (isCharacter && first == '\n') {
      quoted += "\\n";
    } else if (isCharacter && (first == '"' || first == '\\')) {
      quoted += {'\\', bytes[0]};
    } else if (isCharacter && first >= 0x20 && first != 0x7f) {
      quoted += bytes.substr(0, sequence.size);
    } else {
      std::snprintf(escape, sizeof escape, "\\x%02x", first);
      quoted += escape;
      sequence.size = 1;
    }
    bytes.remove_prefix(sequence.size);
  }
  return quoted + "\"";
}

std::string hexadecimal(std::string_view bytes) {
  std::string digits;
  for (unsigned char byte : bytes)
    digits += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  return digits;
}

/// Numbers, with anything between them that a list of numbers has.
std::vector<int32_t> parseTokens(std::string_view text, const Tokenizer &tokenizer) {
  std::vector<int32_t> tokens;
  constexpr std::string_view between = " \t\r\n,[]";
  while (true) {
    size_t begin = text.find_first_not_of(between);
    if (begin == std::string_view::npos)
      return tokens;
    text.remove_prefix(begin);
    std::string_view word = text.substr(0, text.find_first_of(between));
    int32_t token = 0;
    auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), token);
    if (error != std::errc() || rest != word.data() + word.size() || token < 0 ||
        static_cast<size_t>(token) >= tokenizer.size())
      fail(HADAL_EXIT_INPUT, "--decode: '", quoteBeginning(word), "' is no token: numbers from 0 to ",
           tokenizer.size() - 1, " are expected");
    tokens.push_back(token);
    text.remove_prefix(word.size());
  }
}

void printTable(const Tokenizer &tokenizer, const std::vector<TokenPlace> &places, size_t bytes) {
  std::string table = "  offset       id  bytes\n";
  char line[64];
  for (const TokenPlace &place : places) {
    std::snprintf(line, sizeof line, "%8zu %8d  ", place.begin, place.token);
    table += line + quote(tokenizer.bytes(place.token)) + (tokenizer.isSpecial(place.token) ? "  special\n" : "\n");
  }
  std::snprintf(line, sizeof line, "%zu tokens for %zu bytes\n", places.size(), bytes);
  std::cout << table << line;
}

void printJson(const Tokenizer &tokenizer, const std::vector<TokenPlace> &places) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const TokenPlace &place : places) {
    nlohmann::ordered_json token;
    token["id"] = place.token;
    token["offset"] = place.begin;
    token["size"] = place.size;
    token["text"] = repairUtf8(tokenizer.bytes(place.token));
    token["bytes"] = hexadecimal(tokenizer.bytes(place.token));
    token["special"] = tokenizer.isSpecial(place.token);
    list.push_back(std::move(token));
  }
  std::cout << dumpJson(list) << "\n";
}

void printIds(const std::vector<int32_t> &tokens) {
  std::string line;
  for (int32_t token : tokens)
    line += concat(line.empty() ? "" : " ", token);
  std::cout << line << "\n";
}

/// Every line of the input is a JSON string, or with --decode a list of ids; what it becomes is printed as JSON.
void runLines(Tokenizer &tokenizer, const Options &options, AddedTokenPolicy policy) {
  std::string contents = readInput(options);
  std::string_view rest = contents;
  for (size_t number = 1; !rest.empty(); ++number) {
    size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    nlohmann::json value = nlohmann::json::parse(line, nullptr, false);
    if (options.decode) {
      std::cout << dumpJson(nlohmann::json(tokenizer.decode(parseTokens(line, tokenizer)))) << "\n";
    } else if (value.is_string()) {
      std::cout << dumpJson(nlohmann::json(tokenizer.encode(value.get_ref<const std::string &>(), policy))) << "\n";
    } else {
      fail(HADAL_EXIT_INPUT, options.input, ": line ", number, ": a JSON string is expected");
    }
  }
}

int run(const Options &options) {
  Tokenizer tokenizer = Tokenizer::open(options.tokenizer);
  AddedTokenPolicy policy = options.special ? AddedTokenPolicy::All : AddedTokenPolicy::None;
  if (options.jsonLines) {
    runLines(tokenizer, options, policy);
  } else if (options.decode) {
    std::cout << tokenizer.decode(parseTokens(readInput(options), tokenizer));
  } else {
    std::string text = readInput(options);
    if (options.ids)
      printIds(tokenizer.encode(text, policy));
    else if (options.json)
      printJson(tokenizer, tokenizer.encodeWithPlaces(text, policy));
    else
      printTable(tokenizer, tokenizer.encodeWithPlaces(text, policy), text.size());
  }
  std::cout << std::flush;
  if (!std::cout)
    fail(HADAL_EXIT_IO_FAILURE, "cannot write to standard output");
  return HADAL_EXIT_OK;
}

std::optional<int> parseOptions(int argc, const char *const *argv, Options &options) {
  CommandLine line{CLI::App("Shows the tokens that a text becomes.\n\n"
                            "  hadal-tokenize models/DeepSeek-V3 --text 'How deep is the sea?'\n",
                            "hadal-tokenize")};
  OptionGroup input(line, "Input");
  input
      .add("DIR", options.tokenizer, "",
           "a Hugging Face directory with tokenizer.json or tiktoken.model, or such a file; without either, bytes are "
           "tokens")
      ->required();
  CLI::Option *file = input.add("FILE", options.input, "", "the text (default: -, standard input)");
  input.add("--text", options.text, "TEXT", "this text")->excludes(file);
  input.flag("--special", options.special, "let the text name special and other added tokens, such as <think>");
  input.flag("--decode", options.decode, "the input are ids, the output is their text");
  OptionGroup output(line, "Output");
  bool &json = options.json, &ids = options.ids, &lines = options.jsonLines;
  output.flag("--json", json, "an array of objects with id, offset, size, text, bytes and special");
  output.flag("--ids", ids, "the ids alone, in one line");
  output.flag("--jsonl", lines, "every line of the input is a JSON string by itself; its ids, a line each");
  line.app.footer(
      "Exit codes: 0 done; 1 an input is wrong; 2 the command line is wrong; 6 the output could not be written.");
  line.formatter->column_width(30);
  line.app.formatter(line.formatter);
  line.app.set_help_flag("-h,--help", "show this help");
  line.app.set_version_flag("--version", "hadal-tokenize " HADAL_VERSION " (LLVM " HADAL_LLVM_VERSION ")",
                            "print the version");
  return parseCommandLine(line.app, argc, argv, [&] {
    if (json + ids + lines > 1)
      throw CLI::ValidationError("--json, --ids and --jsonl are three forms of output: choose one");
    if (options.decode && (json || ids))
      throw CLI::ValidationError("--decode prints text: leave --json and --ids out");
  });
}

} // namespace

int main(int argc, char **argv) {
  return reportErrors([&]() -> int {
    Options options;
    if (std::optional<int> exitCode = parseOptions(argc, argv, options))
      return *exitCode;
    return run(options);
  });
}
