// UTF-8: checked, and repaired the way `tokenizers` and every browser do it.
#ifndef HADAL_RUNTIME_TEXT_UTF8_H
#define HADAL_RUNTIME_TEXT_UTF8_H

#include <cstddef>
#include <string>
#include <string_view>

namespace hadal {

/// What the bytes at the beginning of a text are.
struct Utf8Sequence {
  enum class Kind { Character, Invalid, Incomplete };
  Kind kind;
  /// Bytes of the character; of an invalid sequence those that one U+FFFD stands for; of an incomplete one, all.
  size_t size;
};

/// Looks at the beginning of a text that is not empty. Incomplete: it ends within what may become a character.
Utf8Sequence readUtf8(std::string_view text);

/// Where the first byte lies that is not part of valid UTF-8; npos if there is none.
size_t findInvalidUtf8(std::string_view text);

/// The bytes as UTF-8: U+FFFD stands for every longest beginning of a character that is not continued, and for every
/// byte that begins none.
std::string repairUtf8(std::string_view bytes);

inline constexpr std::string_view replacementCharacter = "\xef\xbf\xbd";

/// Appends the code point, which is one that UTF-8 has.
void appendUtf8(std::string &text, char32_t codePoint);

/// The code point of the character that valid UTF-8 begins with.
char32_t codePointOf(std::string_view character);

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_UTF8_H
