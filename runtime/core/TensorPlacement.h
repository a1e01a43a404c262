// Where a device lays the persistent tensors of a program in one piece of memory: side by side in their order, but for
// parameters that are held only while they are loaded (HADAL_LOADING), which share one place in front of all others.
#ifndef HADAL_RUNTIME_CORE_TENSORPLACEMENT_H
#define HADAL_RUNTIME_CORE_TENSORPLACEMENT_H

#include "runtime/core/Program.h"

#include <functional>

namespace hadal {

struct TensorPlacement {
  /// Bytes from the beginning, for every tensor; 0 for one that is left out.
  std::vector<uint64_t> offsets;
  /// Bytes of all, and of the place that is shared.
  uint64_t size = 0, shared = 0;

  /// Offsets are multiples of `alignment`. Tensors of which `isLeftOut` holds lie elsewhere.
  TensorPlacement(
      const Program &program, uint64_t alignment,
      const std::function<bool(uint32_t)> &isLeftOut = [](uint32_t) { return false; });
};

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_TENSORPLACEMENT_H
