// What a program asks of the memory of its device, summed up from its descriptor: for the message of a device that does
// not have as much.
#ifndef HADAL_RUNTIME_CORE_MEMORYNEEDS_H
#define HADAL_RUNTIME_CORE_MEMORYNEEDS_H

#include "runtime/core/ProcessLimits.h"
#include "runtime/core/Program.h"

namespace hadal {

struct MemoryNeeds {
  uint64_t parameters = 0, gradients = 0, moments = 0, others = 0, arena = 0, scratch = 0;

  /// Every tensor is rounded up to the device's alignment; `threads` count how often scratch memory is needed.
  MemoryNeeds(const Program &program, uint64_t alignment, unsigned threads);

  uint64_t total() const { return parameters + gradients + moments + others + arena + scratch; }
  /// Bytes of the tensors that outlive a step.
  uint64_t persistent() const { return parameters + gradients + moments + others; }

  /// Fails with HADAL_EXIT_OUT_OF_MEMORY and both figures unless what is available is enough; `where` is "" for
  /// the machine's own memory, or names the device.
  void require(const AvailableMemory &available, const std::string &where) const;
};

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_MEMORYNEEDS_H
