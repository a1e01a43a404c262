// A box of a tensor, as TMA moves it: where its elements lie in global memory and where in shared memory.
//
// In shared memory the box is dense, the fastest dimension first. With a swizzle of 32, 64 or 128 bytes the 16-byte
// chunks of a line of so many bytes are permuted by the number of the line in its group of 2, 4 or 8: address bits 4
// and up are combined by exclusive or with bits 7 and up.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_TENSORBOX_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_TENSORBOX_H

#include "runtime/devices/emulator/Emulator.h"

#include <string>

namespace hadal::emulator {

/// The place of the byte at `offset` under a swizzle (0 to 3: none, 32, 64, 128 bytes).
constexpr uint64_t swizzled(uint64_t offset, uint32_t swizzle) {
  return offset ^ ((offset >> 7 & ((1u << swizzle) - 1)) << 4);
}

struct TensorBox {
  const TensorMap *map = nullptr;
  /// Of the box's first element; may lie outside of the tensor.
  int32_t coordinates[5] = {};

  size_t bytes() const;

  /// Copies the box into shared memory or out of it: `shared` is the block's memory, `offset` that of the box. What is
  /// outside of the tensor is read as zero and not written.
  void load(std::byte *shared, size_t offset) const { move(shared, offset, /*toShared=*/true); }
  void store(std::byte *shared, size_t offset) const { move(shared, offset, /*toShared=*/false); }

private:
  void move(std::byte *shared, size_t offset, bool toShared) const;
  std::byte *rowInTensor(const uint32_t index[5]) const;
};

/// Why no GPU would take this tensor map; empty when it is in order.
std::string whatIsWrongWith(const TensorMap &map);

/// Bytes of global memory from the first to the last element.
size_t extent(const TensorMap &map);

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_TENSORBOX_H
