//===- NormOps.cpp - RMSNorm and rowwise primitives ---------------------------------------------------------------===//
//
// Parameters and checks of the family's operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> RMSNormOp::getParameterSlots() {
  auto type = RankedTensorType::get({channels(getType())}, getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Ones}};
}

LogicalResult RMSNormOp::verify() { return Checks(*this).rows("the input", getType()).positiveReal("eps", getEps()); }

LogicalResult RMSNormGradientOp::verify() {
  RankedTensorType input = getInput().getType();
  return Checks(*this)
      .rows("the input", input)
      .shape("the weight", getWeight().getType(), {channels(input)}, "channels")
      .positiveReal("eps", getEps());
}

LogicalResult RMSNormWeightGradientOp::verify() {
  RankedTensorType input = getInput().getType();
  return Checks(*this)
      .rows("the input", input)
      .shape("the result", getType(), {channels(input)}, "channels")
      .positiveReal("eps", getEps());
}

LogicalResult RowReduceOp::verify() {
  RankedTensorType input = getInput().getType();
  return Checks(*this)
      .rows("the input", input)
      .shape("the result", getType(), withChannels(input, 1), "the input's rows × 1")
      .sameElementType({input, getType()});
}

LogicalResult ExpandOp::verify() {
  ArrayRef<int64_t> input = getInput().getType().getShape(), result = getType().getShape();
  bool fits = input.size() <= result.size();
  if (fits)
    for (auto [from, to] : llvm::zip(input, result.take_back(input.size())))
      fits &= from == 1 || compatible(from, to);
  return Checks(*this)
      .expect(fits, "cannot repeat a tensor of shape " + shapeText(input) + " to shape " + shapeText(result) +
                        ": aligned at the last dimension, each length must be 1 or the same")
      .sameElementType({getInput().getType(), getType()});
}

OpFoldResult ExpandOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}
