// Characters of UTF-8.
#include "runtime/text/Characters.h"

namespace hadal {

Character firstCharacter(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  constexpr uint32_t none = 0x110000;
  uint8_t first = byte(0);
  if (first < 0x80)
    return {first, 1};
  size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size)
    return {none, 1};
  uint32_t code = first & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return {none, 1};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  bool isShortest = size == 2 || code >= (size == 3 ? 0x800u : 0x10000u);
  if (!isShortest || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    return {none, 1};
  return {code, size};
}

bool isUTF8(std::string_view text, size_t &wrong) {
  for (wrong = 0; wrong < text.size();) {
    Character next = firstCharacter(text.substr(wrong));
    if (next.code > 0x10ffff)
      return false;
    wrong += next.size;
  }
  return true;
}

void appendCharacter(std::string &text, uint32_t code) {
  auto add = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80)
    return add(code);
  int following = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  add((0xff00u >> (following + 1) & 0xff) | code >> (6 * following));
  for (int i = following - 1; i >= 0; --i)
    add(0x80 | (code >> (6 * i) & 0x3f));
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
