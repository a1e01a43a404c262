// Token files and the order of samples.
//
// The digest is four hashes in the manner of FNV-1a side by side, each over every fourth token: one alone would wait
// for its own multiplication. Each step can be undone, so that files which differ in one token never have the same
// digest.
//
// The permutation of an epoch is a Feistel network: it permutes the numbers of 2b bits, where 2^2b is the least such
// power that holds all samples, and a number outside the samples is sent through again until it falls inside (at most
// four times on average). It needs no memory, however many samples there are.
#include "runtime/io/TokenFile.h"

#include "runtime/core/Error.h"
#include "runtime/core/Initializer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <vector>

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

static constexpr uint64_t blockTokens = 1 << 14; // of one system call
static constexpr const char *changed = "the file has changed during training: ";

TokenFile::TokenFile(const std::filesystem::path &path, int64_t vocabulary, std::optional<std::vector<int32_t>> given)
    : file(path), width(given ? sizeof(int32_t) : tokenWidth(path)), count(given ? given->size() : file.size() / width),
      vocabulary(static_cast<uint64_t>(vocabulary)), encoded(std::move(given)) {
  if (encoded)
    return;
  if (file.size() % width)
    fail(HADAL_EXIT_INPUT, path.string(), ": ", file.size(), " bytes are no multiple of the ", width,
         " bytes of a token id");
  requireBytes();
  checkVocabulary();
}

/// Bytes are token ids only of models that were made for bytes: their vocabulary is that of ASCII, or all bytes and up
/// to eight special tokens.
void TokenFile::requireBytes() const {
  constexpr uint64_t ascii = 128, allBytes = 256, specialTokens = 8;
  if (width > 1 || vocabulary == ascii || (vocabulary >= allBytes && vocabulary <= allBytes + specialTokens))
    return;
  fail(HADAL_EXIT_INPUT, path().string(), ": text is read as a token per byte, but the model's vocabulary of ",
       vocabulary, " is not one of bytes (", ascii, ", or ", allBytes, " to ", allBytes + specialTokens,
       "): give the model's own tokenizer with --tokenizer DIR, or turn the text into ids with it and write them as "
       "raw little-endian numbers to "
       "a ",
       vocabulary <= uint64_t{1} << 16 ? ".u16 or .u32" : ".u32", " file");
}

void TokenFile::checkVocabulary() const {
  if (width < 4 && vocabulary >= uint64_t{1} << 8 * width)
    return;
  std::vector<int32_t> block(blockTokens);
  for (uint64_t first = 0; first < count; first += blockTokens)
    readBlock(first, std::span(block).first(std::min(blockTokens, count - first)), "");
}

/// Widens ids that lie at the end of the destination's own memory; returns the largest of them. An id that has been
/// widened ends before the next one that has not.
template <class Token> static uint32_t widen(std::span<int32_t> destination) {
  const std::byte *bytes = std::as_bytes(destination).last(destination.size() * sizeof(Token)).data();
  Token maximum = 0;
  for (size_t i = 0; i < destination.size(); ++i) {
    Token token;
    std::memcpy(&token, bytes + i * sizeof token, sizeof token);
    maximum = std::max(maximum, token);
    destination[i] = static_cast<int32_t>(token);
  }
  return maximum;
}

/// Reads at most a block. `remark` begins what a message says about the ids.
void TokenFile::readBlock(uint64_t first, std::span<int32_t> destination, const char *remark) const {
  std::span bytes = std::as_writable_bytes(destination).last(destination.size() * width);
  if (file.read(first * width, bytes) < bytes.size())
    fail(HADAL_EXIT_INPUT, path().string(), ": ", changed, "it ends before byte ", first * width + bytes.size(),
         ", at the start it had ", file.size(), " bytes");
  uint32_t maximum = width == 1   ? widen<uint8_t>(destination)
                     : width == 2 ? widen<uint16_t>(destination)
                                  : widen<uint32_t>(destination);
  if (maximum < vocabulary)
    return;
  auto id = [](int32_t token) { return static_cast<uint32_t>(token); };
  uint64_t i = 0;
  while (id(destination[i]) < vocabulary)
    ++i;
  fail(HADAL_EXIT_INPUT, path().string(), ": ", remark, "token ", first + i, " (byte ", (first + i) * width, ") is ",
       id(destination[i]), ", outside the model's vocabulary of ", vocabulary);
}

void TokenFile::read(uint64_t first, std::span<int32_t> destination) const {
  if (encoded) {
    std::copy_n(encoded->begin() + static_cast<std::ptrdiff_t>(first), destination.size(), destination.begin());
    return;
  }
  for (size_t done = 0; done < destination.size(); done += blockTokens)
    readBlock(first + done, destination.subspan(done, std::min<size_t>(blockTokens, destination.size() - done)),
              changed);
}

std::string TokenFile::digest() const {
  constexpr uint64_t prime = 0x100000001b3;
  std::array<uint64_t, 4> lanes = {0xcbf29ce484222325, 1, 2, 3};
  std::vector<int32_t> block(blockTokens);
  for (uint64_t first = 0; first < count; first += blockTokens) {
    std::span tokens = std::span(block).first(std::min(blockTokens, count - first));
    read(first, tokens);
    std::fill(block.begin() + static_cast<std::ptrdiff_t>(tokens.size()), block.end(), -1); // no id
    for (size_t i = 0; i < tokens.size(); i += lanes.size())
      for (size_t lane = 0; lane < lanes.size(); ++lane)
        lanes[lane] = (lanes[lane] ^ static_cast<uint32_t>(block[i + lane])) * prime;
  }
  uint64_t digest = count;
  for (uint64_t lane : lanes) {
    digest = (digest ^ lane) * 0xff51afd7ed558ccd; // mixes as MurmurHash3's last step
    digest ^= digest >> 33;
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(digest));
  return text;
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
