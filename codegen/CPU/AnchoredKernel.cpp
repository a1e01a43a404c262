//===- AnchoredKernel.cpp - kernels of one operation --------------------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredKernel.h"

using namespace mlir;
using namespace hadal;

int64_t hadal::elementsOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getNumElements(); }
int64_t hadal::columnsOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 ? 1 : type.getShape().back();
}
int64_t hadal::rowsOf(Value tensor) { return elementsOf(tensor) / std::max<int64_t>(columnsOf(tensor), 1); }

int64_t hadal::rowsPerTask(int64_t rows, int64_t columns) {
  int64_t perTask = std::max<int64_t>((1 << 16) / std::max<int64_t>(columns, 1), 1);
  return std::max<int64_t>(1, std::min(perTask, int64_t(llvm::divideCeil(rows, 64))));
}

static bool isSupported(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getNumElements() > 0 &&
         (type.getElementType().isF32() || type.getElementType().isInteger(32));
}

FailureOr<AnchoredKernel> AnchoredKernel::read(KernelOp kernel) {
  AnchoredKernel result;
  Block &body = kernel.getBody().front();
  for (Operation &op : body.without_terminator())
    if (isa<KernelOpInterface>(op)) {
      if (result.anchor)
        return failure();
      result.anchor = &op;
    }
  if (!result.anchor)
    return failure();
  for (Value operand : result.anchor->getOperands()) {
    auto argument = dyn_cast<BlockArgument>(operand);
    if (!argument || !isSupported(operand))
      return failure();
    result.operands.push_back(argument.getArgNumber());
  }
  result.results.assign(result.anchor->getNumResults(), -1);
  result.accumulated.assign(result.anchor->getNumResults(), -1);
  // All that may follow the anchor is a sum of a result and an operand, each yielded once.
  unsigned sums = 0;
  for (OpOperand &yielded : body.getTerminator()->getOpOperands()) {
    auto value = dyn_cast<OpResult>(yielded.get());
    if (!value)
      return failure();
    int64_t accumulated = -1;
    if (auto sum = dyn_cast<arith::AddFOp>(value.getOwner())) {
      Value first = sum.getLhs(), second = sum.getRhs();
      if (first.getDefiningOp() == result.anchor)
        std::swap(first, second);
      auto argument = dyn_cast<BlockArgument>(first);
      value = dyn_cast<OpResult>(second);
      if (!argument || !value)
        return failure();
      accumulated = argument.getArgNumber();
      ++sums;
    }
    if (value.getOwner() != result.anchor || !isSupported(value) || result.results[value.getResultNumber()] >= 0)
      return failure();
    result.results[value.getResultNumber()] = yielded.getOperandNumber();
    result.accumulated[value.getResultNumber()] = accumulated;
  }
  if (std::distance(body.begin(), body.end()) != 2 + sums)
    return failure();
  return result;
}

void AnchorContext::store(unsigned index, Value value, Value at, Value mask) {
  if (!hasResult(index))
    return;
  bool isVector = isa<VectorType>(value.getType());
  if (isAccumulated(index)) {
    Value old = isVector ? k.loadVector(accumulatedOperand(index), at, mask)
                         : k.load(value.getType(), accumulatedOperand(index), at);
    value = k.addf(old, value);
  }
  if (isVector)
    k.storeVector(value, result(index), at, mask);
  else
    k.store(value, result(index), at);
}

void AnchorContext::forItems(int64_t count, int64_t perTask, function_ref<void(Value item)> body) {
  Value begin = k.mul(stage.firstTask, perTask);
  Value end = k.min(k.mul(stage.endTask, perTask), k.i64(count));
  k.forLoop(begin, end, 1, body);
}
