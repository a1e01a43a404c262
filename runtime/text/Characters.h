// The characters of a text, and which of them Python calls white space.
#ifndef HADAL_RUNTIME_TEXT_CHARACTERS_H
#define HADAL_RUNTIME_TEXT_CHARACTERS_H

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hadal {

/// The character at the beginning of a text that is not empty, and how many bytes it takes. A byte that begins none is
/// one of its own, with a code beyond all characters.
struct Character {
  uint32_t code;
  size_t size;
};
Character firstCharacter(std::string_view text);

size_t countCharacters(std::string_view text);

/// White space as Python's str.isspace has it.
bool isSpace(uint32_t code);
/// How many bytes of white space a text begins with, and where white space at its end begins.
size_t stripBegin(std::string_view text);
size_t stripEnd(std::string_view text);

/// The value of a digit, or -1.
int hexadecimalDigit(char c);

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_CHARACTERS_H
