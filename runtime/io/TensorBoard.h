// TensorBoard's event files: a sequence of TFRecords (length, masked CRC, data, masked CRC), each an `Event` message in
// the encoding of protocol buffers. Only what scalars need is written here.
#ifndef HADAL_RUNTIME_IO_TENSORBOARD_H
#define HADAL_RUNTIME_IO_TENSORBOARD_H

#include "runtime/io/File.h"
#include "runtime/io/StepRecord.h"

#include <cstdint>
#include <filesystem>
#include <span>

namespace hadal {

/// CRC-32C (Castagnoli), as in iSCSI.
uint32_t crc32c(std::span<const std::byte> bytes);

/// TFRecord stores checksums rotated and offset, so that a checksum of data that hold checksums stays meaningful.
uint32_t maskedCrc32c(std::span<const std::byte> bytes);

class TensorBoardLog {
public:
  /// Creates a new event file in the folder, which a reader takes up after all that are there. If any are, it begins
  /// with the mark by which readers drop what they say of the steps behind `completedSteps`: those are about to be
  /// written again, and each is to be one point of the curve.
  TensorBoardLog(const std::filesystem::path &folder, int64_t completedSteps);

  /// Writes one event with all scalars of the step. Allocates nothing.
  void write(const StepRecord &record);

private:
  OutputFile file;

  void writeStart(int64_t step);
  void writeRecord(std::span<const std::byte> data);
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_TENSORBOARD_H
