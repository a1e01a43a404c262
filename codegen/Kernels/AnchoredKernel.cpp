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

static bool isSupported(Value value, bool mayBeNarrow) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getNumElements() > 0 &&
         (type.getElementType().isF32() || type.getElementType().isInteger(32) ||
          (mayBeNarrow && type.getElementType().isBF16()));
}

FailureOr<unsigned> AnchoredKernel::readOperand(OpOperand &use, llvm::SmallPtrSetImpl<Operation *> &read) {
  Value operand = use.get();
  auto widening = operand.getDefiningOp<arith::ExtFOp>();
  if (widening && cast<KernelOpInterface>(anchor).widensOperand(use.getOperandNumber())) {
    read.insert(widening);
    operand = widening.getIn();
  }
  // Rows that are only moved may have any type of numbers.
  bool mayBeNarrow = widening || cast<KernelOpInterface>(anchor).selectsRows();
  auto argument = dyn_cast<BlockArgument>(operand);
  if (!argument || !isSupported(operand, mayBeNarrow))
    return failure();
  return argument.getArgNumber();
}

LogicalResult AnchoredKernel::readResult(OpOperand &yielded, llvm::SmallPtrSetImpl<Operation *> &read) {
  Value value = yielded.get();
  auto rounding = value.getDefiningOp<arith::TruncFOp>();
  if (rounding) {
    read.insert(rounding);
    value = rounding.getIn();
  }
  int64_t sumWith = -1;
  if (auto sum = value.getDefiningOp<arith::AddFOp>(); sum && sum != anchor) {
    Value first = sum.getLhs(), second = sum.getRhs();
    if (first.getDefiningOp() == anchor)
      std::swap(first, second);
    auto argument = dyn_cast<BlockArgument>(first);
    if (!argument || rounding)
      return failure();
    sumWith = argument.getArgNumber();
    read.insert(sum);
    value = second;
  }
  bool mayBeNarrow = rounding || cast<KernelOpInterface>(anchor).selectsRows();
  auto result = dyn_cast<OpResult>(value);
  if (!result || result.getOwner() != anchor || !isSupported(yielded.get(), mayBeNarrow))
    return failure();
  unsigned number = result.getResultNumber();
  if (results[number] >= 0 || (rounding && !cast<KernelOpInterface>(anchor).roundsResult(number)))
    return failure();
  results[number] = yielded.getOperandNumber();
  accumulated[number] = sumWith;
  return success();
}

FailureOr<AnchoredKernel> AnchoredKernel::read(KernelOp kernel, Refusals *refusals) {
  auto refuse = [&](Operation *op, StringRef why) -> LogicalResult {
    return refusals ? refusals->add(op, why) : failure();
  };
  AnchoredKernel result;
  Block &body = kernel.getBody().front();
  for (Operation &op : body.without_terminator())
    if (isa<KernelOpInterface>(op)) {
      if (result.anchor)
        return refuse(&op, "is a second operation with a kernel of its own");
      result.anchor = &op;
    }
  if (!result.anchor)
    return refuse(kernel, "of this kind holds the operation that it is made for");
  llvm::SmallPtrSet<Operation *, 8> read{result.anchor};
  for (OpOperand &use : result.anchor->getOpOperands()) {
    FailureOr<unsigned> argument = result.readOperand(use, read);
    if (failed(argument))
      return refuse(result.anchor, "reads what the kernel computes, or numbers of a type that it does not widen");
    result.operands.push_back(*argument);
  }
  result.results.assign(result.anchor->getNumResults(), -1);
  result.accumulated.assign(result.anchor->getNumResults(), -1);
  for (OpOperand &yielded : body.getTerminator()->getOpOperands())
    if (failed(result.readResult(yielded, read))) {
      Operation *maker = yielded.get().getDefiningOp();
      return refuse(maker ? maker : body.getTerminator(),
                    "is no result of this kernel's operation, its sum with an operand, or its rounding, each once");
    }
  for (Operation &op : body.without_terminator())
    if (!read.contains(&op))
      return refuse(&op, "has no part in what this kernel yields");
  return result;
}
