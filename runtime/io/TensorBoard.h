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
  /// Creates a new event file in the folder; a resumed run adds a second one.
  explicit TensorBoardLog(const std::filesystem::path &folder);

  /// Writes one event with all scalars of the step. Allocates nothing.
  void write(const StepRecord &record);

private:
  OutputFile file;

  void writeRecord(std::span<const std::byte> data);
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_TENSORBOARD_H
