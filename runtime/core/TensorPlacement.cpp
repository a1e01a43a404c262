// Sums of aligned sizes.
#include "runtime/core/TensorPlacement.h"

#include <algorithm>

namespace hadal {

TensorPlacement::TensorPlacement(const Program &program, uint64_t alignment,
                                 const std::function<bool(uint32_t)> &isLeftOut)
    : offsets(program.tensors().size()) {
  auto sizeOf = [&](const hadal_tensor &tensor) { return (byteSize(tensor) + alignment - 1) / alignment * alignment; };
  for (const hadal_tensor &tensor : program.tensors())
    if (tensor.lifetime == HADAL_LOADING)
      shared = std::max(shared, sizeOf(tensor));
  size = shared;
  for (uint32_t i = 0; i < offsets.size(); ++i) {
    const hadal_tensor &tensor = program.tensors()[i];
    if (isLeftOut(i) || tensor.lifetime == HADAL_LOADING)
      continue;
    offsets[i] = size;
    size += sizeOf(tensor);
  }
}

} // namespace hadal
