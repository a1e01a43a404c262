// The table of well-formed sequences (Unicode, table 3-7): what the second byte may be depends on the first one, all
// others are 80 to BF.
#include "runtime/text/Utf8.h"

#include <cstdint>
#include <cstring>

namespace hadal {
namespace {

/// How long the sequence of a first byte is, 0 when none begins with it, and the range of its second byte.
struct First {
  uint8_t size, least, most;
};

First describe(uint8_t byte) {
  if (byte < 0x80)
    return {1, 0, 0};
  if (byte < 0xc2)
    return {0, 0, 0};
  if (byte < 0xe0)
    return {2, 0x80, 0xbf};
  if (byte < 0xf0)
    return {3, static_cast<uint8_t>(byte == 0xe0 ? 0xa0 : 0x80), static_cast<uint8_t>(byte == 0xed ? 0x9f : 0xbf)};
  if (byte < 0xf5)
    return {4, static_cast<uint8_t>(byte == 0xf0 ? 0x90 : 0x80), static_cast<uint8_t>(byte == 0xf4 ? 0x8f : 0xbf)};
  return {0, 0, 0};
}

} // namespace

Utf8Sequence readUtf8(std::string_view text) {
  using Kind = Utf8Sequence::Kind;
  auto byteAt = [&](size_t index) { return static_cast<uint8_t>(text[index]); };
  First first = describe(byteAt(0));
  if (first.size == 0)
    return {Kind::Invalid, 1};
  for (size_t index = 1; index < first.size; ++index) {
    if (index == text.size())
      return {Kind::Incomplete, index};
    uint8_t least = index == 1 ? first.least : 0x80, most = index == 1 ? first.most : 0xbf;
    if (byteAt(index) < least || byteAt(index) > most)
      return {Kind::Invalid, index};
  }
  return {Kind::Character, first.size};
}

size_t findInvalidUtf8(std::string_view text) {
  for (size_t place = 0; place < text.size();) {
    // Eight bytes of ASCII at once.
    uint64_t word;
    if (text.size() - place >= sizeof word) {
      std::memcpy(&word, text.data() + place, sizeof word);
      if (!(word & 0x8080808080808080)) {
        place += sizeof word;
        continue;
      }
    }
    Utf8Sequence sequence = readUtf8(text.substr(place));
    if (sequence.kind != Utf8Sequence::Kind::Character)
      return place;
    place += sequence.size;
  }
  return std::string_view::npos;
}

std::string repairUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    Utf8Sequence sequence = readUtf8(bytes);
    text += sequence.kind == Utf8Sequence::Kind::Character ? bytes.substr(0, sequence.size) : replacementCharacter;
    bytes.remove_prefix(sequence.size);
  }
  return text;
}

void appendUtf8(std::string &text, char32_t codePoint) {
  auto add = [&](char32_t bits) { text += static_cast<char>(bits); };
  if (codePoint < 0x80)
    return add(codePoint);
  if (codePoint < 0x800) {
    add(0xc0 | codePoint >> 6);
  } else {
    if (codePoint < 0x10000) {
      add(0xe0 | codePoint >> 12);
    } else {
      add(0xf0 | codePoint >> 18);
      add(0x80 | (codePoint >> 12 & 0x3f));
    }
    add(0x80 | (codePoint >> 6 & 0x3f));
  }
  add(0x80 | (codePoint & 0x3f));
}

char32_t codePointOf(std::string_view character) {
  uint8_t first = static_cast<uint8_t>(character[0]);
  size_t size = readUtf8(character).size;
  char32_t codePoint = size == 1 ? first : first & (0xff >> (size + 1));
  for (size_t index = 1; index < size; ++index)
    codePoint = codePoint << 6 | (static_cast<uint8_t>(character[index]) & 0x3f);
  return codePoint;
}

} // namespace hadal
