// Which files make a tokenizer, and the way of a text through its parts: added tokens are found first, what lies
// between them is cut into pieces by one pattern after the other, and each piece becomes tokens by itself.
#include "runtime/text/Tokenizer.h"

#include "runtime/core/Error.h"
#include "runtime/text/TokenizerReaders.h"
#include "runtime/text/Utf8.h"

#include <algorithm>

namespace hadal {
namespace {

TokenizerParts bytesAsTokens(const std::filesystem::path &directory) {
  TokenizerParts parts;
  parts.file = directory;
  for (int byte = 0; byte < 256; ++byte)
    parts.tokens.emplace_back(1, static_cast<char>(byte));
  parts.special.resize(parts.tokens.size());
  return parts;
}

bool isThere(const std::filesystem::path &path) {
  std::error_code error;
  std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::none)
    fail(HADAL_EXIT_INPUT, path.string(), ": ", error.message());
  return std::filesystem::exists(status);
}

TokenizerParts readParts(const std::filesystem::path &path) {
  if (!isThere(path))
    fail(HADAL_EXIT_INPUT, path.string(), ": there is no such file or directory");
  if (!std::filesystem::is_directory(path)) {
    if (path.extension() == ".json")
      return readTokenizerJson(path);
    if (path.extension() == ".model")
      return readTiktokenModel(path);
    fail(HADAL_EXIT_INPUT, path.string(),
         ": expected a directory with a tokenizer, a tokenizer.json or a tiktoken.model");
  }
  if (isThere(path / "tokenizer.json"))
    return readTokenizerJson(path / "tokenizer.json");
  if (isThere(path / "tiktoken.model"))
    return readTiktokenModel(path / "tiktoken.model");
  for (const char *other : {"tokenizer.model", "vocab.json", "vocab.txt"})
    if (isThere(path / other))
      fail(HADAL_EXIT_INPUT, (path / other).string(),
           ": tokenizers are read from tokenizer.json or tiktoken.model, and neither lies beside it");
  return bytesAsTokens(path);
}

} // namespace

Tokenizer::Tokenizer(TokenizerParts given) : parts(std::move(given)), added(parts.added) {}

Tokenizer Tokenizer::ofBytes() { return Tokenizer(bytesAsTokens({})); }

Tokenizer Tokenizer::open(const std::filesystem::path &path) {
  Tokenizer tokenizer(readParts(path));
  tokenizer.readConfigurations(std::filesystem::is_directory(path) ? path : path.parent_path());
  return tokenizer;
}

int32_t Tokenizer::requireToken(const std::filesystem::path &file, const char *field, int64_t id) const {
  // A model of bytes has special tokens without bytes.
  bool isKnown = id >= 0 && (parts.kind == Kind::Bytes ? id < (int64_t{1} << 31) : static_cast<uint64_t>(id) < size());
  if (!isKnown)
    fail(HADAL_EXIT_INPUT, file.string(), ": ", field, " is ", id, ", but the tokenizer has the tokens 0 to ",
         size() - 1);
  return static_cast<int32_t>(id);
}

void Tokenizer::readConfigurations(const std::filesystem::path &directory) {
  bool hasEnds = false;
  for (const char *name : {"generation_config.json", "tokenizer_config.json", "config.json"}) {
    std::filesystem::path file = directory / name;
    if (!isThere(file))
      continue;
    nlohmann::json config = readJson(file);
    if (!config.is_object())
      fail(HADAL_EXIT_INPUT, file.string(), ": expected an object");
    auto idsOf = [&](const char *field, const char *idField) {
      std::vector<int32_t> ids;
      nlohmann::json named = config.value(field, nlohmann::json()), id = config.value(idField, nlohmann::json());
      if (named.is_object())
        named = named.value("content", nlohmann::json());
      if (named.is_string()) {
        std::optional<int32_t> token = findContents(named.get<std::string>());
        if (!token && parts.kind != Kind::Bytes)
          fail(HADAL_EXIT_INPUT, file.string(), ": ", field, " is '", named.get<std::string>(),
               "', which is no token of ", parts.file.filename().string());
        if (token)
          ids.push_back(*token);
      }
      for (const nlohmann::json &one : id.is_array() ? id : nlohmann::json::array({id})) {
        if (one.is_null())
          continue;
        if (!one.is_number_integer())
          fail(HADAL_EXIT_INPUT, file.string(), ": ", idField, ": expected a token's id, got ", one.dump());
        ids.push_back(requireToken(file, idField, one.get<int64_t>()));
      }
      return ids;
    };
    std::vector<int32_t> begins = idsOf("bos_token", "bos_token_id"), found = idsOf("eos_token", "eos_token_id");
    if (!begin && !begins.empty())
      begin = begins.front();
    if (!hasEnds && !found.empty()) {
      ends = found;
      hasEnds = true;
    }
    if (config.contains("add_bos_token") && config["add_bos_token"].is_boolean())
      addsBegin = config["add_bos_token"].get<bool>();
  }
}

std::string_view Tokenizer::bytes(int32_t token) const {
  return token >= 0 && static_cast<size_t>(token) < size() ? std::string_view(parts.tokens[static_cast<size_t>(token)])
                                                           : std::string_view();
}

bool Tokenizer::isSpecial(int32_t token) const {
  return token >= 0 && static_cast<size_t>(token) < size() && parts.special[static_cast<size_t>(token)];
}

std::optional<int32_t> Tokenizer::findContents(std::string_view contents) const {
  if (auto found = std::ranges::find(parts.added, contents, &AddedToken::content); found != parts.added.end())
    return found->id;
  auto found = std::ranges::find(parts.tokens, contents);
  return found == parts.tokens.end() ? std::nullopt : std::optional(static_cast<int32_t>(found - parts.tokens.begin()));
}

void Tokenizer::requireText(std::string_view text) const {
  if (parts.kind == Kind::Bytes)
    return;
  if (size_t invalid = findInvalidUtf8(text); invalid != std::string_view::npos)
    fail(HADAL_EXIT_INPUT, "the text is not UTF-8 at byte ", invalid,
         ": a tokenizer takes text; convert it, or take out what is none");
}

/// Cuts the part with the patterns from `cut` on and encodes the pieces. A pattern sees a piece as a text of its own.
void Tokenizer::encodePart(std::string_view part, size_t cut, std::vector<int32_t> &tokens) {
  if (cut == parts.cuts.size())
    return parts.pairs.encode(part, tokens);
  size_t done = 0;
  while (done < part.size()) {
    std::optional<std::pair<size_t, size_t>> match = parts.cuts[cut].find(part, done);
    auto [begin, end] = match.value_or(std::pair(part.size(), part.size()));
    if (begin > done)
      encodePart(part.substr(done, begin - done), cut + 1, tokens);
    if (end > begin)
      encodePart(part.substr(begin, end - begin), cut + 1, tokens);
    done = end;
  }
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, AddedTokenPolicy policy) {
  TextSpan span = {text, policy};
  return encode(std::span(&span, 1));
}

std::vector<int32_t> Tokenizer::encode(std::span<const TextSpan> spans) {
  std::string joined;
  std::vector<TextRegion> regions;
  size_t size = 0;
  for (const TextSpan &span : spans) {
    if (!span.text.empty())
      regions.push_back({size, size + span.text.size(), span.policy});
    size += span.text.size();
    if (spans.size() > 1)
      joined += span.text;
  }
  std::string_view text = spans.size() == 1 ? spans[0].text : joined;
  requireText(text);
  std::vector<int32_t> tokens;
  for (const TextPart &part : added.split(text, regions))
    if (part.token == TextPart::noToken)
      encodePart(text.substr(part.begin, part.end - part.begin), 0, tokens);
    else
      tokens.push_back(part.token);
  return tokens;
}

std::vector<TokenPlace> Tokenizer::encodeWithPlaces(std::string_view text, AddedTokenPolicy policy) {
  requireText(text);
  TextRegion region = {0, text.size(), policy};
  std::vector<TokenPlace> places;
  std::vector<int32_t> tokens;
  for (const TextPart &part : added.split(text, std::span(&region, 1))) {
    if (part.token != TextPart::noToken) {
      places.push_back({part.token, part.begin, part.end - part.begin});
      continue;
    }
    tokens.clear();
    encodePart(text.substr(part.begin, part.end - part.begin), 0, tokens);
    size_t place = part.begin;
    for (int32_t token : tokens) {
      places.push_back({token, place, bytes(token).size()});
      place += bytes(token).size();
    }
  }
  return places;
}

std::string Tokenizer::decode(std::span<const int32_t> tokens, bool withSpecial) const {
  std::string text;
  for (int32_t token : tokens)
    if (withSpecial || !isSpecial(token))
      text += bytes(token);
  return repairUtf8(text);
}

std::string StreamingDecoder::add(int32_t token) {
  if (withSpecial || !tokenizer.isSpecial(token))
    held += tokenizer.bytes(token);
  std::string text;
  std::string_view rest = held;
  while (!rest.empty()) {
    Utf8Sequence sequence = readUtf8(rest);
    if (sequence.kind == Utf8Sequence::Kind::Incomplete)
      break;
    text += sequence.kind == Utf8Sequence::Kind::Character ? rest.substr(0, sequence.size) : replacementCharacter;
    rest.remove_prefix(sequence.size);
  }
  held.erase(0, held.size() - rest.size());
  return text;
}

std::string StreamingDecoder::finish() {
  std::string text = repairUtf8(held);
  held.clear();
  return text;
}

} // namespace hadal
