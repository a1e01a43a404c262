// From text to the tokens of a model and back.
//
// A tokenizer is what a Hugging Face directory holds: tokenizer.json (byte-level byte-pair encoding, as DeepSeek-V2,
// V3, R1 and V4 use it), or tiktoken.model (Kimi, Moonlight), or, where there is neither, none: every byte is a token.
// What a file asks for beyond that is refused, with the file and the field; nothing of it is passed over.
//
// Text becomes special tokens where the caller says so and nowhere else.
#ifndef HADAL_RUNTIME_TEXT_TOKENIZER_H
#define HADAL_RUNTIME_TEXT_TOKENIZER_H

#include "runtime/text/AddedTokens.h"
#include "runtime/text/BytePairs.h"
#include "runtime/text/Pattern.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// What a tokenizer is made of; the readers fill it.
struct TokenizerParts {
  enum class Kind { Bytes, Merges, Ranks };

  Kind kind = Kind::Bytes;
  std::filesystem::path file;      // what it was read from; the directory for one of bytes
  std::vector<std::string> tokens; // the bytes of every token
  std::vector<bool> special;       // of every token
  std::vector<AddedToken> added;
  std::vector<Pattern> cuts; // cut a text into pieces, one after the other what those before leave
  BytePairs pairs;
};

/// A stretch of text, and which added tokens it may name.
struct TextSpan {
  std::string_view text;
  AddedTokenPolicy policy = AddedTokenPolicy::None;
};

/// A token and the bytes of the text that it stands for.
struct TokenPlace {
  int32_t token;
  size_t begin, size;
};

/// Encoding uses memory of the tokenizer's own: one thread at a time.
class Tokenizer {
public:
  using Kind = TokenizerParts::Kind;

  /// Reads the tokenizer of a Hugging Face directory, or a tokenizer.json or tiktoken.model by its own name. Fails with
  /// HADAL_EXIT_INPUT.
  static Tokenizer open(const std::filesystem::path &path);
  /// Every byte is a token.
  static Tokenizer ofBytes();
  explicit Tokenizer(TokenizerParts parts);

  Kind kind() const { return parts.kind; }
  const std::filesystem::path &file() const { return parts.file; }
  /// How many tokens there are; their ids are those below. Never more than a model's vocabulary, which may be larger.
  size_t size() const { return parts.tokens.size(); }
  /// The bytes of a token; none for an id that is not the tokenizer's.
  std::string_view bytes(int32_t token) const;
  bool isSpecial(int32_t token) const;
  /// The token of exactly these contents, an added one if there is one.
  std::optional<int32_t> findContents(std::string_view contents) const;

  /// As generation_config.json, tokenizer_config.json or config.json name them, the first that does.
  std::optional<int32_t> beginOfText() const { return begin; }
  const std::vector<int32_t> &endsOfText() const { return ends; }
  /// Whether the configuration wants texts to begin with `beginOfText`. Encoding adds none: templates write it too.
  bool addsBeginOfText() const { return addsBegin; }

  /// The tokens of a text. Fails with HADAL_EXIT_INPUT, naming the byte, when it is not UTF-8 (one of bytes takes any).
  std::vector<int32_t> encode(std::string_view text, AddedTokenPolicy policy = AddedTokenPolicy::None);
  /// The tokens of a text of several stretches, as a chat template writes it: where one ends is no place to cut, but no
  /// added token is found across it.
  std::vector<int32_t> encode(std::span<const TextSpan> spans);
  std::vector<TokenPlace> encodeWithPlaces(std::string_view text, AddedTokenPolicy policy = AddedTokenPolicy::None);

  /// The text of tokens: U+FFFD stands for bytes that are not UTF-8, as in `tokenizers`.
  std::string decode(std::span<const int32_t> tokens, bool withSpecial = true) const;

private:
  TokenizerParts parts;
  AddedTokens added;
  std::optional<int32_t> begin;
  std::vector<int32_t> ends;
  bool addsBegin = false;

  void readConfigurations(const std::filesystem::path &directory);
  int32_t requireToken(const std::filesystem::path &file, const char *field, int64_t id) const;
  void requireText(std::string_view text) const;
  void encodePart(std::string_view part, size_t cut, std::vector<int32_t> &tokens);
};

/// Text that arrives token by token. A character whose bytes have not all come is held back.
class StreamingDecoder {
public:
  explicit StreamingDecoder(const Tokenizer &tokenizer, bool withSpecial = true)
      : tokenizer(tokenizer), withSpecial(withSpecial) {}

  /// What is certain of the text now that the token has come, behind what was returned before.
  std::string add(int32_t token);
  /// The rest: U+FFFD where a character remains incomplete.
  std::string finish();

private:
  const Tokenizer &tokenizer;
  bool withSpecial;
  std::string held;
};

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_TOKENIZER_H
