// tokenizer.json, as the family writes it: a byte-level byte-pair encoding.
//
// Its vocabulary and merges are written with one printable character per byte (GPT-2's table). Every part of the
// pipeline is looked at: what has no effect on such a tokenizer is passed over (the unknown token, where every byte has
// one), what would have one and is not built is refused by its name.
//
// Nearly all of such a file is its vocabulary and its merges, a hundred thousand entries each. They are taken out while
// it is read and never become a tree of JSON, which would take most of the time of a cold start.
#include "runtime/core/Error.h"
#include "runtime/io/File.h"
#include "runtime/io/Json.h"
#include "runtime/text/TextTable.h"
#include "runtime/text/TokenizerReaders.h"
#include "runtime/text/Utf8.h"

#include <algorithm>
#include <limits>

namespace hadal {

nlohmann::json readJson(const std::filesystem::path &path) {
  std::string contents = readText(path);
  try {
    return nlohmann::json::parse(contents);
  } catch (const nlohmann::json::exception &error) {
    fail(HADAL_EXIT_INPUT, path.string(), ": not valid JSON: ", error.what());
  }
}

namespace {

using Json = nlohmann::json;

/// GPT-2's table: the bytes that print stand for themselves, the others for the characters from 256 on, in order.
class ByteCharacters {
public:
  ByteCharacters() {
    char32_t next = 256;
    for (int byte = 0; byte < 256; ++byte) {
      bool prints = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
      bytes[prints ? static_cast<size_t>(byte) : next++] = static_cast<int16_t>(byte);
    }
  }

  /// The bytes that a text of such characters stands for; nothing when it holds others.
  std::optional<std::string> decode(std::string_view text) const {
    std::string decoded;
    while (!text.empty()) {
      char32_t character = codePointOf(text);
      if (character >= bytes.size() || bytes[character] < 0)
        return std::nullopt;
      decoded += static_cast<char>(bytes[character]);
      text.remove_prefix(readUtf8(text).size);
    }
    return decoded;
  }

private:
  std::array<int16_t, 324> bytes = [] {
    std::array<int16_t, 324> none;
    none.fill(-1);
    return none;
  }();
};

/// Bytes that no character has need no token.
bool isInUtf8(uint8_t byte) { return byte != 0xc0 && byte != 0xc1 && byte < 0xf5; }

/// A tokenizer.json: its long lists in their order, and the rest, in which these are empty.
struct Document {
  std::vector<std::pair<std::string, Json>> vocabulary;
  std::vector<Json> merges;
  Json rest;

  explicit Document(std::string_view contents) {
    rest = Json::parse(contents, [this](int depth, Json::parse_event_t event, Json &parsed) {
      return depth > depthOfEntries || keeps(static_cast<size_t>(depth), event, parsed);
    });
  }

private:
  static constexpr int depthOfEntries = 3; // within the object or array of root.model.vocab, root.model.merges
  std::string keys[depthOfEntries + 1];    // the last one at every depth
  bool isArray = false;                    // what the entries are in

  /// Whether the tree is to have it.
  bool keeps(size_t depth, Json::parse_event_t event, Json &parsed) {
    using Event = Json::parse_event_t;
    bool isWithin = depth == depthOfEntries && keys[1] == "model";
    bool isOfVocabulary = isWithin && keys[2] == "vocab" && !isArray,
         isOfMerges = isWithin && keys[2] == "merges" && isArray;
    if (event == Event::key) {
      keys[depth] = parsed.get_ref<const std::string &>();
      return !isOfVocabulary;
    }
    bool isStart = event == Event::object_start || event == Event::array_start;
    if (isStart && depth + 1 == depthOfEntries)
      isArray = event == Event::array_start;
    // What begins an entry of the vocabulary is no id; without a key in the tree its end is not told.
    if (isOfVocabulary)
      vocabulary.emplace_back(std::move(keys[depth]), event == Event::object_start  ? Json::object()
                                                      : event == Event::array_start ? Json::array()
                                                                                    : std::move(parsed));
    if (isOfMerges && !isStart)
      merges.push_back(std::move(parsed));
    return !isOfMerges || isStart;
  }
};

class Reader {
public:
  explicit Reader(const std::filesystem::path &path) : path(path) { parts.file = path; }

  TokenizerParts read(const Document &document) {
    const Json &root = document.rest;
    requireFields(root, "the file",
                  {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
                   "decoder", "model"});
    for (const char *field : {"truncation", "padding"})
      if (!get(root, field).is_null())
        refuse(field, "is set, and neither cutting nor filling is done here: null is expected");
    readNormalizer(get(root, "normalizer"));
    readPreTokenizer(get(root, "pre_tokenizer"), "pre_tokenizer");
    if (!isByteLevel)
      refuse("pre_tokenizer", "has no ByteLevel: only byte-level tokenizers are supported");
    requireByteLevel(get(root, "post_processor"), "post_processor", true);
    requireByteLevel(get(root, "decoder"), "decoder", false);
    readModel(get(root, "model"), get(root, "added_tokens"), document);
    parts.kind = TokenizerParts::Kind::Merges;
    return std::move(parts);
  }

private:
  std::filesystem::path path;
  TokenizerParts parts;
  TextTable vocabulary;                                   // of texts of the document
  std::vector<std::pair<std::string_view, int32_t>> news; // added tokens that its vocabulary does not hold
  bool isByteLevel = false;
  ByteCharacters characters;

  template <class... Parts> [[noreturn]] void refuse(std::string_view field, const Parts &...message) const {
    fail(HADAL_EXIT_INPUT, path.string(), ": ", field, " ", message...);
  }

  static const Json &get(const Json &object, const char *field) {
    static const Json none;
    auto found = object.find(field);
    return found == object.end() ? none : *found;
  }

  void requireFields(const Json &object, std::string_view name, std::initializer_list<std::string_view> known) const {
    if (!object.is_object())
      refuse(name, "is no object");
    for (const auto &[key, value] : object.items())
      if (std::ranges::find(known, key) == known.end())
        refuse(name, "has the field '", key, "', which is not supported");
  }

  std::string typeOf(const Json &object, std::string_view field) const {
    const Json &type = object.is_object() ? get(object, "type") : object;
    if (!type.is_string())
      refuse(field, "has no type");
    return type.get<std::string>();
  }

  /// A field that is a truth value, with what it is when it is missing.
  bool flag(const Json &object, const char *field, std::string_view place, bool otherwise) const {
    const Json &value = get(object, field);
    if (value.is_null())
      return otherwise;
    if (!value.is_boolean())
      refuse(place, "has a field '", field, "' that is neither true nor false");
    return value.get<bool>();
  }

  const Json &requireArray(const Json &object, const char *field, std::string_view place) const {
    const Json &value = get(object, field);
    if (!value.is_array())
      refuse(place, "has no array '", field, "'");
    return value;
  }

  void readNormalizer(const Json &normalizer) const {
    if (normalizer.is_null())
      return;
    std::string type = typeOf(normalizer, "normalizer");
    if (type != "Sequence")
      refuse("normalizer", "is ", type, ", which is not supported: only none is");
    for (const Json &part : requireArray(normalizer, "normalizers", "normalizer"))
      readNormalizer(part);
  }

  void readPreTokenizer(const Json &step, const std::string &field) {
    if (isByteLevel)
      refuse(field, "comes after ByteLevel, which has to be the last");
    std::string type = typeOf(step, field);
    if (type == "Sequence") {
      size_t index = 0;
      for (const Json &part : requireArray(step, "pretokenizers", field))
        readPreTokenizer(part, concat(field, ".pretokenizers[", index++, "]"));
    } else if (type == "Split") {
      readSplit(step, field);
    } else if (type == "Digits") {
      requireFields(step, field, {"type", "individual_digits"});
      addCut(flag(step, "individual_digits", field, false) ? "\\p{N}" : "\\p{N}+", field);
    } else if (type == "ByteLevel") {
      readByteLevel(step, field);
    } else {
      refuse(field, "is ", type, ", which is not supported: Sequence, Split, Digits and ByteLevel are");
    }
  }

  void addCut(std::string_view pattern, const std::string &field) {
    parts.cuts.emplace_back(pattern, concat(path.string(), ": ", field));
  }

  void readSplit(const Json &step, const std::string &field) {
    requireFields(step, field, {"type", "pattern", "behavior", "invert"});
    const Json &behavior = get(step, "behavior"), &pattern = get(step, "pattern");
    if (behavior != "Isolated")
      refuse(field, "has the behavior ", dumpJson(behavior), ": only \"Isolated\" is supported");
    if (flag(step, "invert", field, false))
      refuse(field, "is inverted, which is not supported");
    if (pattern.is_object() && pattern.size() == 1 && get(pattern, "Regex").is_string())
      return addCut(pattern["Regex"].get<std::string>(), field);
    if (!pattern.is_object() || pattern.size() != 1 || !get(pattern, "String").is_string())
      refuse(field, "has a pattern that is neither a Regex nor a String");
    std::string quoted;
    for (char letter : pattern["String"].get<std::string>()) {
      if (std::string_view("\\^$.[]|()?*+{}").find(letter) != std::string_view::npos)
        quoted += '\\';
      quoted += letter;
    }
    addCut(quoted, field);
  }

  void readByteLevel(const Json &step, const std::string &field) {
    requireFields(step, field, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (flag(step, "add_prefix_space", field, true))
      refuse(field, "adds a space before the text (add_prefix_space), which is not supported");
    if (flag(step, "use_regex", field, true)) // GPT-2's
      addCut("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", field);
    isByteLevel = true;
  }

  /// A ByteLevel there moves offsets, or turns characters into bytes again: that is what is done anyway.
  void requireByteLevel(const Json &step, const std::string &field, bool mayBeNone) const {
    if (step.is_null() && mayBeNone)
      return;
    if (step.is_null())
      refuse(field, "is missing: ByteLevel is expected");
    std::string type = typeOf(step, field);
    if (type != "ByteLevel")
      refuse(field, "is ", type, ", which is not supported: only ByteLevel is");
  }

  void readModel(const Json &model, const Json &added, const Document &document) {
    requireFields(model, "model",
                  {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                   "byte_fallback", "ignore_merges", "vocab", "merges"});
    if (std::string type = typeOf(model, "model"); type != "BPE")
      refuse("model", "is ", type, ", which is not supported: only BPE is");
    for (const char *field : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"})
      if (const Json &value = get(model, field); !value.is_null() && value != "" && value != 0)
        refuse("model", "has ", field, " ", dumpJson(value), ", which is not supported: only null is");
    if (!get(model, "vocab").is_object() || (!added.is_array() && !added.is_null()))
      refuse(get(model, "vocab").is_object() ? "added_tokens" : "model.vocab",
             "is missing or has another type than expected");
    requireArray(model, "merges", "model");
    readVocabulary(document.vocabulary, added);
    std::vector<std::string> pieces = parts.tokens;
    nameOthers(document.vocabulary);
    readAdded(added);
    std::array<int32_t, 256> byteTokens;
    byteTokens.fill(-1);
    for (size_t token = 0; token < pieces.size(); ++token)
      if (pieces[token].size() == 1)
        byteTokens[static_cast<uint8_t>(pieces[token][0])] = static_cast<int32_t>(token);
    for (size_t byte = 0; byte < byteTokens.size(); ++byte)
      if (byteTokens[byte] < 0 && isInUtf8(static_cast<uint8_t>(byte)))
        refuse("model.vocab", "has no token for the byte ", byte, ": a byte-level vocabulary has one for each");
    parts.pairs = BytePairs(byteTokens, readMerges(document.merges));
    if (flag(model, "ignore_merges", "model", false))
      parts.pairs.takeWholePieces(pieces);
  }

  int32_t idOf(const Json &value, std::string_view token) const {
    if (!value.is_number_integer() || value < 0 || value > std::numeric_limits<int32_t>::max())
      refuse("the token", "'", token, "' has the id ", dumpJson(value), ", which is none");
    return value.get<int32_t>();
  }

  /// Gives the token its place; ids have to be those below the number of tokens, each once.
  void place(int32_t id, std::string_view content, std::vector<bool> &taken) {
    if (static_cast<size_t>(id) >= parts.tokens.size())
      refuse("the token", "'", content, "' has the id ", id, ", but there are ", parts.tokens.size(),
             " tokens: ids from 0 on without holes are expected");
    if (taken[static_cast<size_t>(id)])
      refuse("the token", "'", content, "' has the id ", id, ", which another one has");
    taken[static_cast<size_t>(id)] = true;
  }

  void readVocabulary(const std::vector<std::pair<std::string, Json>> &entries, const Json &added) {
    vocabulary = TextTable(entries.size() + added.size());
    for (const auto &[content, value] : entries)
      if (!vocabulary.insert(content, idOf(value, content)))
        refuse("model.vocab", "has the token '", content, "' twice");
    for (const Json &token : added)
      if (token.is_object() && get(token, "content").is_string())
        if (std::string_view content = get(token, "content").get_ref<const std::string &>(); !vocabulary.find(content))
          news.emplace_back(content, idOf(get(token, "id"), content));
    parts.tokens.resize(entries.size() + news.size());
    parts.special.resize(parts.tokens.size());
    std::vector<bool> taken(parts.tokens.size());
    for (const auto &[content, value] : entries) {
      int32_t id = value.get<int32_t>();
      place(id, content, taken);
      // A token of other characters is one that no text is merged to.
      parts.tokens[static_cast<size_t>(id)] = characters.decode(content).value_or("");
    }
    for (auto [content, id] : news) {
      place(id, content, taken);
      vocabulary.insert(content, id);
    }
  }

  /// Tokens whose characters stand for no bytes are written as they are.
  void nameOthers(const std::vector<std::pair<std::string, Json>> &entries) {
    for (const auto &[content, value] : entries)
      if (std::string &bytes = parts.tokens[value.get<size_t>()]; bytes.empty())
        bytes = content;
    for (auto [content, id] : news)
      parts.tokens[static_cast<size_t>(id)] = characters.decode(content).value_or(std::string(content));
  }

  void readAdded(const Json &added) {
    size_t index = 0;
    for (const Json &entry : added) {
      std::string field = concat("added_tokens[", index++, "]");
      requireFields(entry, field, {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
      if (!get(entry, "content").is_string() || get(entry, "content") == "")
        refuse(field, "has no content");
      AddedToken token;
      token.content = entry["content"].get<std::string>();
      token.id = idOf(get(entry, "id"), token.content);
      if (int32_t known = vocabulary.find(token.content).value(); known != token.id)
        refuse(field, "gives '", token.content, "' the id ", token.id, ", which has the id ", known, " elsewhere");
      token.special = flag(entry, "special", field, false);
      token.normalized = flag(entry, "normalized", field, !token.special);
      token.stripsLeft = flag(entry, "lstrip", field, false);
      token.stripsRight = flag(entry, "rstrip", field, false);
      token.singleWord = flag(entry, "single_word", field, false);
      parts.special[static_cast<size_t>(token.id)] = token.special;
      parts.added.push_back(std::move(token));
    }
  }

  std::vector<BytePairs::Merge> readMerges(const std::vector<Json> &list) const {
    std::vector<BytePairs::Merge> merges;
    merges.reserve(list.size());
    std::string joined;
    for (const Json &entry : list) {
      auto field = [&] { return concat("model.merges[", merges.size(), "]"); };
      std::string_view left, right;
      if (entry.is_string()) {
        std::string_view text = entry.get_ref<const std::string &>();
        size_t space = text.find(' ');
        if (space != text.npos && text.find(' ', space + 1) == text.npos) {
          left = text.substr(0, space);
          right = text.substr(space + 1);
        }
      } else if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
        left = entry[0].get_ref<const std::string &>();
        right = entry[1].get_ref<const std::string &>();
      }
      if (left.empty() || right.empty())
        refuse(field(), "is ", dumpJson(entry), ": two tokens are expected");
      auto find = [&](std::string_view token) {
        std::optional<int32_t> found = vocabulary.find(token);
        if (!found)
          refuse(field(), "merges '", left, "' and '", right, "', but '", token, "' is no token of the vocabulary");
        return *found;
      };
      joined.assign(left).append(right);
      merges.push_back({find(left), find(right), find(joined)});
    }
    return merges;
  }
};

} // namespace

TokenizerParts parseTokenizerJson(std::string_view contents, const std::filesystem::path &path) {
  try {
    return Reader(path).read(Document(contents));
  } catch (const Json::exception &error) {
    fail(HADAL_EXIT_INPUT, path.string(), ": not valid JSON: ", error.what());
  }
}

TokenizerParts readTokenizerJson(const std::filesystem::path &path) { return parseTokenizerJson(readText(path), path); }

} // namespace hadal
