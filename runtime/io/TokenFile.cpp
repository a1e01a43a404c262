// Token files and the order of samples.
//
// The permutation of an epoch is a Feistel network: it permutes the numbers of 2b bits, where 2^2b is the least such
// power that holds all samples, and a number outside the samples is sent through again until it falls inside (at most
// four times on average). It needs no memory, however many samples there are.
#include "runtime/io/TokenFile.h"

#include "runtime/core/Error.h"
#include "runtime/core/Initializer.h"

#include <bit>
#include <cstring>

namespace hadal {

static unsigned tokenWidth(const std::filesystem::path &path) {
  std::string extension = path.extension().string();
  if (extension == ".txt")
    return 1;
  if (extension == ".u16")
    return 2;
  if (extension == ".u32")
    return 4;
  fail(HADAL_EXIT_INPUT, path.string(), ": the name must end in .txt (text, one token per byte), .u16 or .u32 (raw ",
       "little-endian token ids)");
}

TokenFile::TokenFile(const std::filesystem::path &path, int64_t vocabulary)
    : file(path), width(tokenWidth(path)), count(file.bytes().size() / width) {
  if (file.bytes().size() % width)
    fail(HADAL_EXIT_INPUT, path.string(), ": ", file.bytes().size(), " bytes are no multiple of the ", width,
         " bytes of a token id");
  checkVocabulary(vocabulary);
}

template <class Token> static Token load(const std::byte *bytes, uint64_t index) {
  Token token;
  std::memcpy(&token, bytes + index * sizeof token, sizeof token);
  return token;
}

/// Index of the first token that is not below the vocabulary, or `count`. Whole blocks are tested by their maximum,
/// which the compiler vectorizes.
template <class Token> static uint64_t findInvalid(const std::byte *bytes, uint64_t count, uint64_t vocabulary) {
  constexpr uint64_t block = 4096;
  for (uint64_t begin = 0; begin < count; begin += block) {
    uint64_t end = std::min(begin + block, count);
    Token maximum = 0;
    for (uint64_t i = begin; i < end; ++i)
      maximum = std::max(maximum, load<Token>(bytes, i));
    if (maximum < vocabulary)
      continue;
    while (load<Token>(bytes, begin) < vocabulary)
      ++begin;
    return begin;
  }
  return count;
}

void TokenFile::checkVocabulary(int64_t vocabulary) const {
  uint64_t limit = static_cast<uint64_t>(vocabulary);
  if (width < 4 && limit >= uint64_t{1} << 8 * width)
    return;
  const std::byte *bytes = file.bytes().data();
  uint64_t position = width == 1   ? findInvalid<uint8_t>(bytes, count, limit)
                      : width == 2 ? findInvalid<uint16_t>(bytes, count, limit)
                                   : findInvalid<uint32_t>(bytes, count, limit);
  if (position == count)
    return;
  uint32_t id = width == 1   ? load<uint8_t>(bytes, position)
                : width == 2 ? load<uint16_t>(bytes, position)
                             : load<uint32_t>(bytes, position);
  fail(HADAL_EXIT_INPUT, path().string(), ": token ", position, " (byte ", position * width, ") is ", id,
       ", outside the model's vocabulary of ", vocabulary);
}

void TokenFile::read(uint64_t first, std::span<int32_t> destination) const {
  const std::byte *bytes = file.bytes().data();
  for (size_t i = 0; i < destination.size(); ++i)
    switch (width) {
    case 1:
      destination[i] = load<uint8_t>(bytes, first + i);
      break;
    case 2:
      destination[i] = load<uint16_t>(bytes, first + i);
      break;
    default:
      destination[i] = static_cast<int32_t>(load<uint32_t>(bytes, first + i));
    }
}

uint64_t SampleOrder::sampleAt(uint64_t position) const {
  uint64_t epoch = position / count, sample = position % count;
  if (!shuffle || count == 1)
    return sample;
  unsigned bits = (static_cast<unsigned>(std::bit_width(count - 1)) + 1) / 2;
  uint64_t mask = (uint64_t{1} << bits) - 1;
  do {
    uint64_t left = sample >> bits, right = sample & mask;
    for (uint32_t round = 0; round < 6; ++round) {
      auto mixed = philox(
          {static_cast<uint32_t>(right), round, static_cast<uint32_t>(epoch), static_cast<uint32_t>(epoch >> 32)},
          {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
      uint64_t next = left ^ (mixed[0] & mask);
      left = right;
      right = next;
    }
    sample = left << bits | right;
  } while (sample >= count);
  return sample;
}

} // namespace hadal
