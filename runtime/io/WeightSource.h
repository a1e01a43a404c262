// A tensor of a file as f32: F32, BF16, F16, and FP8 (E4M3) times the scales of its blocks of 128 x 128, which a tensor
// of its name and `_scale_inv` holds. Blocks at the edges are as ragged as the tensor.
#ifndef HADAL_RUNTIME_IO_WEIGHTSOURCE_H
#define HADAL_RUNTIME_IO_WEIGHTSOURCE_H

#include "runtime/io/Safetensors.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// A tensor of a file, and the scales of its blocks where it has some.
struct WeightSource {
  const SafetensorsFile *file;
  const SafetensorsEntry *entry;
  const SafetensorsFile *scalesFile = nullptr;
  const SafetensorsEntry *scales = nullptr;

  std::string path() const { return file->path().string(); }
  bool isFP8() const { return entry->dtype == "F8_E4M3"; }
  /// Whether WeightReader reads it.
  bool isReadable() const;
};

/// Fails where the scales are not those of a matrix in FP8. `name` is the matrix's.
void checkScales(const std::string &name, const WeightSource &source);

/// The elements of a file's tensor as f32, a chunk at a time.
class WeightReader {
public:
  static constexpr uint64_t chunkSize = 1 << 18;

  /// Elements [first, first + count), of which there are at most `chunkSize`; they stay until the next call.
  std::span<float> read(const WeightSource &source, uint64_t first, uint64_t count);

private:
  void readPlain(const SafetensorsFile &file, const SafetensorsEntry &entry, uint64_t first, std::span<float> to);
  void readScaled(const WeightSource &source, uint64_t first, std::span<float> to);

  std::vector<float> values = std::vector<float>(chunkSize);
  std::vector<uint16_t> halves = std::vector<uint16_t>(chunkSize);
  std::vector<uint8_t> codes;
  /// Of the tensor that was read last.
  std::vector<float> scales;
  const SafetensorsEntry *scalesOf = nullptr;
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_WEIGHTSOURCE_H
