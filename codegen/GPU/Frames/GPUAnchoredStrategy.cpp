//===- GPUAnchoredStrategy.cpp - strategies for kernels of one operation on NVIDIA GPUs ---------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"

using namespace mlir;
using namespace hadal;

Value GPUAnchorContext::total(unsigned index, Value value, Value at, int64_t multiple) {
  if (!hasResult(index))
    return value;
  return accumulation(index).add(k, value, [&] {
    return isa<VectorType>(value.getType())
               ? k.loadAligned(getElementTypeOrSelf(value.getType()), accumulatedOperand(index), at, multiple)
               : k.load(value.getType(), accumulatedOperand(index), at);
  });
}

void GPUAnchorContext::storeTotal(unsigned index, Value value, Value at, int64_t multiple) {
  if (!hasResult(index))
    return;
  if (!isa<FloatType>(getElementTypeOrSelf(value.getType())))
    k.store(value, result(index), at);
  else if (isa<VectorType>(value.getType()))
    k.storeAligned(value, resultNumbers(index), at, multiple);
  else
    k.storeNumber(value, resultNumbers(index), at);
}
