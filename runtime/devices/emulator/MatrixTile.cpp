// Where elements lie, and what they are as f32.
#include "runtime/devices/emulator/MatrixTile.h"

#include "runtime/devices/emulator/TensorBox.h"

#include <array>
#include <cstring>

namespace hadal::emulator {

uint64_t MatrixTile::offset(uint32_t row, uint32_t k) const {
  uint64_t element = bytesOf(type), perChunk = 16 / element, swizzle = descriptor.swizzle();
  uint64_t span = uint64_t(16) << swizzle, wide = span / element;
  uint64_t leading = descriptor.leading(), stride = descriptor.stride(), place;
  if (!rowsContiguous)
    place =
        row % 8 * span + row / 8 * stride + (swizzle ? k * element : k / perChunk * leading + k % perChunk * element);
  else if (!swizzle)
    place = row % perChunk * element + row / perChunk * stride + k % 8 * 16 + k / 8 * leading;
  else
    place = row % wide * element + row / wide * leading + k % 8 * span + k / 8 * stride;
  return swizzled(descriptor.start() + place, static_cast<uint32_t>(swizzle));
}

template <float (*Widen)(uint8_t)> static std::array<float, 256> makeTable() {
  std::array<float, 256> table;
  for (int bits = 0; bits < 256; ++bits)
    table[bits] = Widen(static_cast<uint8_t>(bits));
  return table;
}

void widen(OperandType type, const std::byte *from, uint32_t count, float *to, uint32_t stride) {
  static const std::array<float, 256> e4m3 = makeTable<widenE4M3>(), e5m2 = makeTable<widenE5M2>();
  for (uint32_t i = 0; i < count; ++i, to += stride) {
    if (bytesOf(type) == 1) {
      uint8_t bits = std::to_integer<uint8_t>(from[i]);
      *to = (type == OperandType::E4M3 ? e4m3 : e5m2)[bits];
      continue;
    }
    uint16_t bits;
    std::memcpy(&bits, from + 2 * i, 2);
    *to = type == OperandType::BF16 ? widenBfloat16(bits) : widenFloat16(bits);
  }
}

} // namespace hadal::emulator
