// Tokens that are found in a text before it is cut into pieces: the special ones, and others that were added to a
// vocabulary.
#ifndef HADAL_RUNTIME_TEXT_ADDEDTOKENS_H
#define HADAL_RUNTIME_TEXT_ADDEDTOKENS_H

#include "runtime/text/Pattern.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// Which added tokens a text may name. Text that comes from outside names none: `<｜User｜>` in it is eleven
/// characters, and not the token that makes what follows a user's words.
enum class AddedTokenPolicy {
  None,
  /// Those that are not marked special. The families mark few: `<think>` and `<｜User｜>` are not.
  NotSpecial,
  All,
};

/// An entry of `added_tokens`, with the flags of `tokenizers`.
struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool special = false;
  bool normalized = false;                      // found after those that are not, in what these leave
  bool stripsLeft = false, stripsRight = false; // takes the white space beside it
  bool singleWord = false;                      // only where no letter, mark, digit or underscore touches it
};

/// A part of a text: an added token, or what lies between two.
struct TextPart {
  static constexpr int32_t noToken = -1;
  size_t begin, end;
  int32_t token;
};

/// A part of a text, and which added tokens it may name.
struct TextRegion {
  size_t begin, end;
  AddedTokenPolicy policy;
};

class AddedTokens {
public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  /// Cuts the text; `regions` cover it in order. A token is found if it lies within one region, the leftmost one first,
  /// and the longest of those at one place.
  std::vector<TextPart> split(std::string_view text, std::span<const TextRegion> regions);

private:
  /// Tokens of one round, in the order of their contents.
  struct Round {
    std::vector<AddedToken> tokens;
    std::array<bool, 256> begins = {}; // whether a token begins with the byte

    void add(AddedToken token);
    const AddedToken *longestAt(std::string_view text) const;
  };
  std::array<Round, 2> rounds;
  std::optional<Pattern> wordCharacter; // where a token asks for it

  bool isPartOfWord(std::string_view sentence, size_t begin, size_t end);
  void splitPart(const Round &round, std::string_view text, TextRegion part, std::vector<TextPart> &parts);
};

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_ADDEDTOKENS_H
