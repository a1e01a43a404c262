// Sums over the tensors of a descriptor.
#include "runtime/core/MemoryNeeds.h"

#include "runtime/core/Memory.h"
#include "runtime/core/TensorPlacement.h"

namespace hadal {

MemoryNeeds::MemoryNeeds(const Program &program, uint64_t alignment, unsigned threads) {
  auto alignUp = [&](uint64_t value) { return (value + alignment - 1) / alignment * alignment; };
  for (const hadal_tensor &tensor : program.tensors()) {
    uint64_t size = alignUp(byteSize(tensor));
    if (tensor.lifetime == HADAL_LOADING)
      continue;
    switch (tensor.role) {
    case HADAL_PARAMETER:
    case HADAL_PACKED:
      parameters += size;
      break;
    case HADAL_GRADIENT:
      gradients += size;
      break;
    case HADAL_FIRST_MOMENT:
    case HADAL_SECOND_MOMENT:
      moments += size;
      break;
    default:
      others += size;
    }
  }
  others += TensorPlacement(program, alignment).shared;
  arena = program->arena_size;
  scratch = alignUp(program->scratch_size) * threads;
}

void MemoryNeeds::require(const AvailableMemory &available, const std::string &where) const {
  if (total() <= available.bytes)
    return;
  fail(HADAL_EXIT_OUT_OF_MEMORY, "out of memory", where.empty() ? "" : " on " + where, ": the program needs ",
       describeBytes(total()), " (parameters ", describeBytes(parameters), ", gradients ", describeBytes(gradients),
       ", optimizer ", describeBytes(moments), ", arena ", describeBytes(arena),
       scratch ? ", scratch " + describeBytes(scratch) : "", "), ", describeAvailable(available),
       "; compile with a smaller --micro-batch-size or --seq-length");
}

} // namespace hadal
