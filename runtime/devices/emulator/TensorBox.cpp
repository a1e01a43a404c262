// Moving boxes, and what cuTensorMapEncodeTiled demands of a tensor map.
#include "runtime/devices/emulator/TensorBox.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cstring>

namespace hadal::emulator {

size_t TensorBox::bytes() const {
  size_t product = map->elementBytes;
  for (uint32_t i = 0; i < map->rank; ++i)
    product *= map->box[i];
  return product;
}

/// The address of element (0, index[1], ...) of the tensor; null when one of the indices is outside.
std::byte *TensorBox::rowInTensor(const uint32_t index[5]) const {
  std::byte *row = map->data;
  for (uint32_t i = 1; i < map->rank; ++i) {
    int64_t place = int64_t(coordinates[i]) + index[i];
    if (place < 0 || place >= map->sizes[i])
      return nullptr;
    row += place * map->strides[i];
  }
  return row;
}

void TensorBox::move(std::byte *shared, size_t offset, bool toShared) const {
  size_t element = map->elementBytes, rowBytes = map->box[0] * element;
  // The elements of a row of the box that the tensor has: [first, last).
  int64_t first = std::clamp<int64_t>(-int64_t(coordinates[0]), 0, map->box[0]);
  int64_t last = std::clamp<int64_t>(map->sizes[0] - coordinates[0], first, map->box[0]);
  uint32_t index[5] = {};
  for (size_t rows = bytes() / rowBytes; rows > 0; --rows) {
    std::byte *row = rowInTensor(index);
    std::byte line[256 * 8] = {};
    size_t begin = row ? first * element : 0, end = row ? last * element : 0;
    std::byte *global = row ? row + (coordinates[0] + first) * int64_t(element) : nullptr;
    if (toShared && end > begin)
      std::memcpy(line + begin, global, end - begin);
    for (size_t chunk = 0; chunk < rowBytes; chunk += 16) {
      std::byte *place = shared + swizzled(offset + chunk, map->swizzle);
      size_t length = std::min<size_t>(16, rowBytes - chunk);
      toShared ? std::memcpy(place, line + chunk, length) : std::memcpy(line + chunk, place, length);
    }
    if (!toShared && end > begin)
      std::memcpy(global, line + begin, end - begin);
    offset += rowBytes;
    for (uint32_t i = 1; i < map->rank && ++index[i] == map->box[i]; ++i)
      index[i] = 0;
  }
}

size_t extent(const TensorMap &map) {
  size_t bytes = map.sizes[0] * map.elementBytes;
  for (uint32_t i = 1; i < map.rank; ++i)
    bytes += (map.sizes[i] - 1) * map.strides[i];
  return bytes;
}

std::string whatIsWrongWith(const TensorMap &map) {
  if (map.rank < 1 || map.rank > 5)
    return concat("its rank is ", map.rank, ", not 1 to 5");
  if (map.elementBytes != 1 && map.elementBytes != 2 && map.elementBytes != 4 && map.elementBytes != 8)
    return concat("its elements have ", map.elementBytes, " bytes");
  if (reinterpret_cast<uintptr_t>(map.data) % 16)
    return "its address is not a multiple of 16";
  if (map.swizzle > 3)
    return concat("its swizzle is ", map.swizzle, ", not 0 to 3");
  for (uint32_t i = 0; i < map.rank; ++i) {
    if (map.sizes[i] < 1 || map.sizes[i] > int64_t(1) << 32)
      return concat("dimension ", i, " has ", map.sizes[i], " elements");
    if (map.box[i] < 1 || map.box[i] > 256)
      return concat("its box has ", map.box[i], " elements in dimension ", i, ", not 1 to 256");
    if (i > 0 && (map.strides[i] < 0 || map.strides[i] % 16 || map.strides[i] >= int64_t(1) << 40))
      return concat("the stride of dimension ", i, " is ", map.strides[i], " bytes, not a multiple of 16");
  }
  uint32_t row = map.box[0] * map.elementBytes;
  if (row % 16)
    return concat("a row of its box has ", row, " bytes, not a multiple of 16");
  if (map.swizzle && row > 16u << map.swizzle)
    return concat("a row of its box has ", row, " bytes, more than the swizzle's ", 16u << map.swizzle);
  return {};
}

} // namespace hadal::emulator
