//===- AnchoredStrategy.cpp - strategies for kernels of one operation on CPUs -------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"

using namespace mlir;
using namespace hadal;

int64_t hadal::rowsPerTask(int64_t rows, int64_t columns) {
  int64_t perTask = std::max<int64_t>((1 << 16) / std::max<int64_t>(columns, 1), 1);
  return std::max<int64_t>(1, std::min(perTask, int64_t(llvm::divideCeil(rows, 64))));
}

void AnchorContext::store(unsigned index, Value value, Value at, Value mask) {
  if (!hasResult(index))
    return;
  bool isVector = isa<VectorType>(value.getType());
  value = accumulation(index).add(k, value, [&] {
    return isVector ? k.loadVector(accumulatedOperand(index), at, mask)
                    : k.load(value.getType(), accumulatedOperand(index), at);
  });
  if (!isa<FloatType>(getElementTypeOrSelf(value.getType())))
    isVector ? k.storeVector(value, result(index), at, mask) : k.store(value, result(index), at);
  else
    isVector ? k.storeVector(value, resultNumbers(index), at, mask) : k.storeNumber(value, resultNumbers(index), at);
}

void AnchorContext::forItems(int64_t count, int64_t perTask, function_ref<void(Value item)> body) {
  Value begin = k.mul(stage.firstTask, perTask);
  Value end = k.min(k.mul(stage.endTask, perTask), k.i64(count));
  k.forLoop(begin, end, 1, body);
}
