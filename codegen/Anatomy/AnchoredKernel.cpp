//===- AnchoredKernel.cpp - kernels of one operation --------------------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/AnchoredKernel.h"
#include "dialect/IR/Conversions.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/WeightCodes.h"

using namespace mlir;
using namespace hadal;

int64_t hadal::elementsOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getNumElements(); }
int64_t hadal::columnsOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 ? 1 : type.getShape().back();
}
int64_t hadal::rowsOf(Value tensor) { return elementsOf(tensor) / std::max<int64_t>(columnsOf(tensor), 1); }

/// What is only moved may have any type of numbers, and what is multiplied may be narrow.
static bool takesNarrow(Operation *anchor) {
  auto kernelOp = cast<KernelOpInterface>(anchor);
  return kernelOp.onlyMoves() || kernelOp.getKernelKind() == KernelKind::Packing || isa<ProductOpInterface>(anchor);
}

static bool isSupported(Value value, bool mayBeNarrow) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getNumElements() > 0 &&
         (type.getElementType().isF32() || type.getElementType().isInteger(32) ||
          (mayBeNarrow && type.getElementType().isBF16()) || areWeightCodes(value));
}

/// Whether an operation brings a tensor into a layout and does nothing else.
static bool bringsIntoLayout(Operation *op) {
  auto kernelOp = dyn_cast_or_null<KernelOpInterface>(op);
  return kernelOp && kernelOp.getKernelKind() == KernelKind::Packing &&
         getLayout(cast<RankedTensorType>(op->getResult(0).getType()));
}

FailureOr<unsigned> AnchoredKernel::readOperand(OpOperand &use, llvm::SmallPtrSetImpl<Operation *> &read) {
  Value operand = use.get(), unwidened = getUnwidened(operand);
  bool isWidened = unwidened != operand && cast<KernelOpInterface>(anchor).widensOperand(use.getOperandNumber());
  if (isWidened) {
    read.insert(operand.getDefiningOp());
    operand = unwidened;
  }
  // What is packed may be rounded first.
  if (Operation *maker = operand.getDefiningOp(); bringsIntoLayout(anchor) && isRounding(maker)) {
    read.insert(maker);
    operand = maker->getOperand(0);
  }
  bool mayBeNarrow = isWidened || takesNarrow(anchor);
  auto argument = dyn_cast<BlockArgument>(operand);
  if (!argument || !isSupported(operand, mayBeNarrow))
    return failure();
  return argument.getArgNumber();
}

LogicalResult AnchoredKernel::readResult(OpOperand &yielded, llvm::SmallPtrSetImpl<Operation *> &read) {
  Value value = yielded.get();
  Operation *maker = value.getDefiningOp();
  bool isRounded = isRounding(maker);
  if (isRounded) {
    read.insert(maker);
    value = maker->getOperand(0);
  }
  Accumulated sumWith;
  if (auto sum = value.getDefiningOp<SumOpInterface>(); sum && sum.getOperation() != anchor) {
    bool isFirst = sum.getSummands()[0].getDefiningOp() == anchor;
    value = sum.getSummands()[isFirst ? 0 : 1];
    FailureOr<Accumulated> found = readAccumulated(sum, value);
    if (failed(found) || isRounded)
      return failure();
    sumWith = *found;
    read.insert(sum);
  }
  bool mayBeNarrow = isRounded || takesNarrow(anchor);
  auto result = dyn_cast<OpResult>(value);
  if (!result || result.getOwner() != anchor || !isSupported(yielded.get(), mayBeNarrow))
    return failure();
  unsigned number = result.getResultNumber();
  if (results[number] >= 0 || (isRounded && !cast<KernelOpInterface>(anchor).roundsResult(number)))
    return failure();
  results[number] = yielded.getOperandNumber();
  accumulated[number] = sumWith;
  return success();
}

bool AnchoredKernel::readCopy(OpOperand &yielded, llvm::SmallPtrSetImpl<Operation *> &read) {
  SmallVector<Operation *, 2> steps;
  Value value = yielded.get();
  for (auto isStep : {&bringsIntoLayout, &isRounding})
    if (Operation *maker = value.getDefiningOp(); maker != anchor && isStep(maker)) {
      steps.push_back(maker);
      value = maker->getOperand(0);
    }
  auto result = dyn_cast<OpResult>(value);
  if (steps.empty() || !result || result.getOwner() != anchor || results[result.getResultNumber()] < 0 ||
      accumulated[result.getResultNumber()].exists() || !isSupported(yielded.get(), /*mayBeNarrow=*/true))
    return false;
  read.insert(steps.begin(), steps.end());
  copies.push_back({yielded.getOperandNumber(), result.getResultNumber()});
  return true;
}

/// Whether an operation only brings what another one has made into a layout, so that it needs no kernel of its own.
static bool isPackedResult(Operation &op, KernelOp kernel) {
  return bringsIntoLayout(&op) && kernel.getKind() != KernelKind::Packing;
}

FailureOr<AnchoredKernel> AnchoredKernel::read(KernelOp kernel, Refusals &refusals) {
  AnchoredKernel result;
  Block &body = kernel.getBody().front();
  for (Operation &op : body.without_terminator())
    if (isa<KernelOpInterface>(op) && !isPackedResult(op, kernel)) {
      if (result.anchor)
        return refusals.add(&op, "is a second operation with a kernel of its own");
      result.anchor = &op;
    }
  if (!result.anchor)
    return refusals.add(kernel, "of this kind holds the operation that it is made for");
  llvm::SmallPtrSet<Operation *, 8> read{result.anchor};
  for (OpOperand &use : result.anchor->getOpOperands()) {
    FailureOr<unsigned> argument = result.readOperand(use, read);
    if (failed(argument))
      return refusals.add(result.anchor, "reads what the kernel computes, or numbers of a type that it does not widen");
    result.operands.push_back(*argument);
  }
  result.results.assign(result.anchor->getNumResults(), -1);
  result.accumulated.resize(result.anchor->getNumResults());
  for (OpOperand &yielded : body.getTerminator()->getOpOperands())
    if (!result.readCopy(yielded, read) && failed(result.readResult(yielded, read))) {
      Operation *maker = yielded.get().getDefiningOp();
      return refusals.add(
          maker ? maker : body.getTerminator(),
          "is no result of this kernel's operation, its sum with an operand, or its rounding, each once, nor a copy of "
          "one that stands before it");
    }
  for (Operation &op : body.without_terminator())
    if (!read.contains(&op))
      return refusals.add(&op, "has no part in what this kernel yields");
  return result;
}
