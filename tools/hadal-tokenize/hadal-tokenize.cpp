//===- hadal-tokenize.cpp - what a text becomes -------------------------------------------------------------------===//
//
// Reads the tokenizer of a Hugging Face directory and shows the tokens of a text, or the text of tokens. It is the
// tokenizer of the runtime, which generated programs have: what it shows is what a model reads.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "runtime/core/Error.h"
#include "runtime/io/File.h"
#include "runtime/io/Json.h"
#include "runtime/programs/Report.h"
#include "runtime/text/Tokenizer.h"
#include "runtime/text/Utf8.h"
#include "tools/hadal-tokenize/Options.h"

#include <charconv>
#include <iostream>
#include <iterator>

using namespace hadal;
using namespace hadal::tokenize;

namespace {

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
      fail(HADAL_EXIT_INPUT, "--decode: ", quoteBeginning(word), " is no token: numbers from 0 to ",
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
    line += (line.empty() ? "" : " ") + std::to_string(token);
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

} // namespace

int main(int argc, char **argv) {
  return reportErrors([&]() -> int {
    Options options;
    if (std::optional<int> exitCode = parseOptions(argc, argv, options))
      return *exitCode;
    return run(options);
  });
}
