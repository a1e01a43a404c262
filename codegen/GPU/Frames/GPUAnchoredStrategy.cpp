//===- GPUAnchoredStrategy.cpp - strategies for kernels of one operation on NVIDIA GPUs ---------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"

using namespace mlir;
using namespace hadal;

Value GPUAnchorContext::total(unsigned index, Value value, Value at, int64_t multiple) {
  if (!hasResult(index) || !isAccumulated(index))
    return value;
  Value old = isa<VectorType>(value.getType())
                  ? k.loadAligned(getElementTypeOrSelf(value.getType()), accumulatedOperand(index), at, multiple)
                  : k.load(value.getType(), accumulatedOperand(index), at);
  return k.addf(old, value);
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
