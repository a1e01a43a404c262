// Numbers by texts that somebody else keeps: a hash table with one place per text, for vocabularies, whose texts are
// short and many.
#ifndef HADAL_RUNTIME_TEXT_TEXTTABLE_H
#define HADAL_RUNTIME_TEXT_TEXTTABLE_H

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace hadal {

/// Mixes as MurmurHash3's last step.
inline uint64_t mixBits(uint64_t bits) {
  bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccd;
  bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53;
  return bits ^ bits >> 33;
}

/// Of a short text.
inline uint64_t hashOfText(std::string_view text) {
  uint64_t hash = text.size();
  while (!text.empty()) {
    uint64_t word = 0;
    size_t count = std::min(text.size(), sizeof word);
    std::memcpy(&word, text.data(), count);
    hash = mixBits(hash ^ word);
    text.remove_prefix(count);
  }
  return hash;
}

class TextTable {
public:
  /// For so many texts at most.
  explicit TextTable(size_t most = 0) : places(std::bit_ceil(2 * most + 1)) {}

  /// False when the text is there already, with its number.
  bool insert(std::string_view text, int32_t number) {
    uint64_t hash = hashOfText(text);
    Place &place = places[find(text, hash)];
    if (place.number >= 0)
      return false;
    place = {text, number, tagOf(hash)};
    return true;
  }

  std::optional<int32_t> find(std::string_view text) const {
    const Place &place = places[find(text, hashOfText(text))];
    return place.number >= 0 ? std::optional(place.number) : std::nullopt;
  }

private:
  struct Place {
    std::string_view text;
    int32_t number = -1;
    uint32_t tag = 0; // of the text: others are passed over without looking at theirs
  };
  std::vector<Place> places; // a power of two of them, more than half of which are free

  static uint32_t tagOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

  /// The place where the text is, or would be.
  size_t find(std::string_view text, uint64_t hash) const {
    size_t place = hash & (places.size() - 1);
    while (places[place].number >= 0 && (places[place].tag != tagOf(hash) || places[place].text != text))
      place = (place + 1) & (places.size() - 1);
    return place;
  }
};

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_TEXTTABLE_H
