// Training data: a file of token ids, and the order in which a run reads its samples.
#ifndef HADAL_RUNTIME_IO_TOKENFILE_H
#define HADAL_RUNTIME_IO_TOKENFILE_H

#include "runtime/io/File.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hadal {

/// `.txt`: text, every byte a token, for models of bytes, or what a tokenizer has made of it. `.u16`, `.u32`: raw
/// little-endian ids.
class TokenFile {
public:
  /// Fails when an id of the file is not below `vocabulary`, and when the file is text and the vocabulary not one of
  /// bytes.
  TokenFile(const std::filesystem::path &path, int64_t vocabulary) : TokenFile(path, vocabulary, std::nullopt) {}
  /// The same where there is nothing encoded; otherwise these tokens, all of the vocabulary, which the text of the file
  /// has become. They stay in memory.
  TokenFile(const std::filesystem::path &path, int64_t vocabulary, std::optional<std::vector<int32_t>> encoded);

  uint64_t size() const { return count; }
  /// Whether every token is a byte of text.
  bool isText() const { return width == 1; }
  const std::filesystem::path &path() const { return file.path(); }

  /// Reads tokens [first, first + destination.size()). Fails when the file has become shorter, or holds an id outside
  /// the vocabulary that was not there before: nothing keeps a file from being rewritten during a run. Allocates
  /// nothing.
  void read(uint64_t first, std::span<int32_t> destination) const;

  /// 16 hexadecimal digits that depend on every token, and on nothing else: files of both widths with the same ids have
  /// the same. Reads the whole file. Tells files apart that were mixed up; it is no protection against forgery.
  std::string digest() const;

private:
  InputFile file;
  unsigned width; // bytes of a token
  uint64_t count, vocabulary;
  std::optional<std::vector<int32_t>> encoded;

  void requireBytes() const;
  void checkVocabulary() const;
  void readBlock(uint64_t first, std::span<int32_t> destination, const char *remark) const;
};

/// The samples of a token file. Sample k holds the tokens k T ... k T + T + D (T + 1 + D of them): T positions and, for
/// each, the D + 1 tokens that follow it.
class Samples {
public:
  /// `tokensAhead` is D + 1.
  Samples(const TokenFile &file, int64_t sequenceLength, int64_t tokensAhead)
      : file(file), stride(static_cast<uint64_t>(sequenceLength)),
        length(static_cast<uint64_t>(sequenceLength + tokensAhead)) {}

  uint64_t count() const { return file.size() < length ? 0 : (file.size() - length) / stride + 1; }
  uint64_t tokensPerSample() const { return length; }
  void read(uint64_t sample, std::span<int32_t> destination) const { file.read(sample * stride, destination); }

private:
  const TokenFile &file;
  uint64_t stride, length;
};

/// Which sample comes at a position counted from the beginning of training. Each epoch visits every sample once, in
/// the file's order or in a permutation that depends on the seed and the epoch alone: any position can be found without
/// those before it, so that a resumed run continues where it was.
class SampleOrder {
public:
  SampleOrder(uint64_t sampleCount, bool shuffle, uint64_t seed) : count(sampleCount), shuffle(shuffle), seed(seed) {}

  uint64_t sampleAt(uint64_t position) const;

private:
  uint64_t count;
  bool shuffle;
  uint64_t seed;
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_TOKENFILE_H
