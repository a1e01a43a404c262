// Operands of wgmma in shared memory: from a matrix descriptor to numbers.
//
// The layouts are those of PTX's "Shared Memory Matrix Layout". Let T be the elements of 16 bytes, S the swizzle's
// bytes (16 without one), and r the row of A or column of B. The byte offset of element (r, k) from the start address
// is
//
//   contiguous depth (K), no swizzle      r%8 · 16 + r/8 · stride + k/T · leading + k%T elements
//   contiguous depth (K), swizzle         r%8 · S  + r/8 · stride + k elements
//   contiguous rows (MN), no swizzle      r%T elements + r/T · stride + k%8 · 16 + k/8 · leading
//   contiguous rows (MN), swizzle         r%w elements + r/w · leading + k%8 · S + k/8 · stride, w = elements of S
//   bytes
//
// and the address is then permuted as TMA permutes it (TensorBox.h).
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_MATRIXTILE_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_MATRIXTILE_H

#include "runtime/devices/emulator/Numbers.h"

#include <cstddef>
#include <cstdint>

namespace hadal::emulator {

/// A 64-bit matrix descriptor.
struct MatrixDescriptor {
  uint64_t bits = 0;
  uint64_t start() const { return (bits & 0x3fff) << 4; }
  uint64_t leading() const { return (bits >> 16 & 0x3fff) << 4; }
  uint64_t stride() const { return (bits >> 32 & 0x3fff) << 4; }
  /// 0 to 3: none, 32, 64, 128 bytes (the descriptor counts the other way round).
  uint32_t swizzle() const { return bits >> 62 ? 4 - static_cast<uint32_t>(bits >> 62) : 0; }
};

/// An operand: `rows` rows of A (64) or columns of B, 32 bytes deep.
struct MatrixTile {
  MatrixDescriptor descriptor;
  OperandType type = OperandType::BF16;
  /// Whether rows are contiguous instead of depth.
  bool rowsContiguous = false;
  uint32_t rows = 64;

  uint32_t depth() const { return 32 / bytesOf(type); }
  /// Offset in shared memory of element (row, k), swizzle included.
  uint64_t offset(uint32_t row, uint32_t k) const;
  /// Calls visit(offset) for every 16-byte chunk that the tile touches; stops when it returns false.
  template <class Visit> bool forChunks(Visit visit) const {
    uint32_t perChunk = 16 / bytesOf(type);
    for (uint32_t row = 0; row < rows; row += rowsContiguous ? perChunk : 1)
      for (uint32_t k = 0; k < depth(); k += rowsContiguous ? 1 : perChunk)
        if (!visit(offset(row, k)))
          return false;
    return true;
  }
};

/// Converts `count` elements.
void widen(OperandType type, const std::byte *from, uint32_t count, float *to, uint32_t stride);

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_MATRIXTILE_H
