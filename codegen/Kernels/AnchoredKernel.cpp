//===- AnchoredKernel.cpp - kernels of one operation --------------------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Kernels/AnchoredKernel.h"

using namespace mlir;
using namespace hadal;

int64_t hadal::elementsOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getNumElements(); }
int64_t hadal::columnsOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 ? 1 : type.getShape().back();
}
int64_t hadal::rowsOf(Value tensor) { return elementsOf(tensor) / std::max<int64_t>(columnsOf(tensor), 1); }

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
