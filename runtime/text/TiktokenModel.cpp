// tiktoken.model of Kimi and Moonlight: a line per token, its bytes in base64 and its rank. The pattern that cuts a
// text and the number of special tokens stand in Python code beside it, which is the same for all of them; the names of
// special tokens stand in tokenizer_config.json.
//
// That code also cuts texts at 400,000 characters and runs of letters at 25,000 before it encodes them. Here they stay
// whole, as in tiktoken itself.
#include "runtime/core/Error.h"
#include "runtime/io/File.h"
#include "runtime/io/Json.h"
#include "runtime/text/TokenizerReaders.h"

#include <algorithm>
#include <charconv>

namespace hadal {
namespace {

/// Kimi's pattern. Of
///
///   [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+
///
/// the first part goes back one letter at a time until the second finds its letter. Written here is where that ends: at
/// a small letter behind the first part, or else behind the last letter without case. So a run of letters takes no
/// memory, however long it is. PCRE2 has no intersection of sets; letters with case are never Han.
constexpr std::string_view upper = R"((?:[\p{Lu}\p{Lt}]++|(?!\p{Han})[\p{Lm}\p{Lo}\p{M}]))";
constexpr std::string_view lower = R"((?:\p{Ll}++|(?!\p{Han})[\p{Lm}\p{Lo}\p{M}]))";
constexpr std::string_view caseless = R"((?:(?!\p{Han})[\p{Lm}\p{Lo}\p{M}]))";
constexpr std::string_view before = R"([^\r\n\p{L}\p{N}]?)";
constexpr std::string_view contraction = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)";

std::string kimiPattern() {
  return concat(R"(\p{Han}+|)",                                                                                      //
                before, "(?:", upper, R"(*+(?=\p{Ll}))", lower, "++|(?:", R"([\p{Lu}\p{Lt}]*+)", caseless, "++)++)", //
                contraction, "|",                                                                                    //
                before, upper, "++", lower, "*+", contraction, "|",                                                  //
                R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)");
}

constexpr size_t reservedTokens = 256;

std::optional<std::string> decodeBase64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.empty() || text.size() % 4)
    return std::nullopt;
  size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string bytes;
  uint32_t bits = 0;
  for (size_t index = 0; index < text.size(); ++index) {
    size_t digit = index < text.size() - padding ? digits.find(text[index]) : 0;
    if (digit == std::string_view::npos)
      return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if (index % 4 == 3)
      for (int shift : {16, 8, 0})
        bytes += static_cast<char>(bits >> shift);
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

class Reader {
public:
  Reader(const std::filesystem::path &path, const nlohmann::json &configuration)
      : path(path), configuration(configuration) {}

  TokenizerParts read(std::string_view contents) {
    parts.file = path;
    parts.kind = TokenizerParts::Kind::Ranks;
    readTokens(contents);
    std::array<int32_t, 256> byteTokens;
    byteTokens.fill(-1);
    for (size_t token = 0; token < parts.tokens.size(); ++token)
      if (parts.tokens[token].size() == 1)
        byteTokens[static_cast<uint8_t>(parts.tokens[token][0])] = static_cast<int32_t>(token);
    if (auto missing = std::ranges::find(byteTokens, -1); missing != byteTokens.end())
      fail(HADAL_EXIT_INPUT, path.string(), ": no token stands for the byte ", missing - byteTokens.begin());
    parts.pairs = BytePairs(byteTokens, parts.tokens);
    parts.cuts.emplace_back(kimiPattern(), path.string());
    addSpecialTokens();
    return std::move(parts);
  }

private:
  std::filesystem::path path;
  const nlohmann::json &configuration;
  TokenizerParts parts;

  /// The ranks are the numbers of the lines: everything else would leave tokens without an id.
  void readTokens(std::string_view contents) {
    std::unordered_map<std::string, size_t> known;
    for (size_t line = 1; !contents.empty(); ++line) {
      size_t end = std::min(contents.find('\n'), contents.size());
      std::string_view text = contents.substr(0, end);
      contents.remove_prefix(std::min(contents.size(), end + 1));
      if (text.ends_with('\r'))
        text.remove_suffix(1);
      size_t space = text.find(' ');
      std::optional<std::string> bytes = decodeBase64(text.substr(0, space));
      size_t rank = 0;
      bool hasRank = false;
      if (space != std::string_view::npos) {
        auto [rest, error] = std::from_chars(text.data() + space + 1, text.data() + text.size(), rank);
        hasRank = error == std::errc() && rest == text.data() + text.size();
      }
      if (!bytes || !hasRank)
        fail(HADAL_EXIT_INPUT, path.string(), ": line ", line, " is ", quoteBeginning(text),
             ": a token in base64 and its rank are expected");
      if (rank != parts.tokens.size())
        fail(HADAL_EXIT_INPUT, path.string(), ": line ", line, " has the rank ", rank,
             ": ranks from 0 on without holes, ", "in order, are expected, here ", parts.tokens.size());
      if (auto [place, isNew] = known.emplace(*bytes, line); !isNew)
        fail(HADAL_EXIT_INPUT, path.string(), ": line ", line, " has the token of line ", place->second);
      parts.tokens.push_back(std::move(*bytes));
    }
  }

  /// 256 ids behind the others are reserved. Those that tokenizer_config.json does not name have names that no text
  /// has.
  void addSpecialTokens() {
    size_t first = parts.tokens.size();
    for (size_t index = 0; index < reservedTokens; ++index) {
      AddedToken token;
      token.id = static_cast<int32_t>(first + index);
      token.special = true;
      token.content = concat("<|reserved_token_", token.id, "|>");
      parts.added.push_back(std::move(token));
    }
    nlohmann::json named =
        configuration.is_object() ? configuration.value("added_tokens_decoder", nlohmann::json()) : nlohmann::json();
    std::string place = (path.parent_path() / "tokenizer_config.json").string();
    if (!named.is_object() && !named.is_null())
      fail(HADAL_EXIT_INPUT, place, ": added_tokens_decoder is no object of ids");
    for (const auto &[key, entry] : named.items()) {
      size_t id = 0;
      auto [rest, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (error != std::errc() || rest != key.data() + key.size() || id < first || id >= first + reservedTokens)
        fail(HADAL_EXIT_INPUT, place, ": added_tokens_decoder names the id '", key,
             "', but special tokens have the ids ", first, " to ", first + reservedTokens - 1);
      if (!entry.is_object() || !entry.contains("content") || !entry["content"].is_string() || entry["content"] == "")
        fail(HADAL_EXIT_INPUT, place, ": added_tokens_decoder has no content for the id ", key);
      parts.added[id - first].content = entry["content"].get<std::string>();
    }
    for (const AddedToken &token : parts.added) {
      parts.tokens.push_back(token.content);
      parts.special.resize(parts.tokens.size());
      parts.special.back() = true;
    }
  }
};

} // namespace

TokenizerParts parseTiktokenModel(std::string_view contents, const nlohmann::json &configuration,
                                  const std::filesystem::path &path) {
  return Reader(path, configuration).read(contents);
}

TokenizerParts readTiktokenModel(const std::filesystem::path &path) {
  std::filesystem::path configuration = path.parent_path() / "tokenizer_config.json";
  return parseTiktokenModel(readText(path),
                            std::filesystem::exists(configuration) ? readJson(configuration) : nlohmann::json(), path);
}

} // namespace hadal
