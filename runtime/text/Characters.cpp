// Characters of texts, one after the other.
#include "runtime/text/Characters.h"

#include "runtime/text/Utf8.h"

namespace hadal {

Character firstCharacter(std::string_view text) {
  Utf8Sequence sequence = readUtf8(text);
  if (sequence.kind != Utf8Sequence::Kind::Character)
    return {0x110000, 1};
  return {static_cast<uint32_t>(codePointOf(text)), sequence.size};
}

size_t countCharacters(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++count)
    i += firstCharacter(text.substr(i)).size;
  return count;
}

bool isSpace(uint32_t code) {
  return (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x20) || code == 0x85 || code == 0xa0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f ||
         code == 0x205f || code == 0x3000;
}

size_t stripBegin(std::string_view text) {
  size_t begin = 0;
  while (begin < text.size()) {
    Character next = firstCharacter(text.substr(begin));
    if (!isSpace(next.code))
      break;
    begin += next.size;
  }
  return begin;
}

size_t stripEnd(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t last = end - 1;
    while (last > 0 && end - last < 4 && (static_cast<uint8_t>(text[last]) & 0xc0) == 0x80)
      --last;
    if (!isSpace(firstCharacter(text.substr(last, end - last)).code))
      break;
    end = last;
  }
  return end;
}

int hexadecimalDigit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

} // namespace hadal
