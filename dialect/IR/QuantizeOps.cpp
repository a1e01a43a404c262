//===- QuantizeOps.cpp - block-scaled FP8 -------------------------------------------------------------------------===//
//
// Parameters and checks of the family's operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

/// One scale per block of the matrix that a tensor is when its leading dimensions are rows.
static SmallVector<int64_t> scalesShape(RankedTensorType matrix, BlockScaleAttr block) {
  auto blocks = [](int64_t length, int64_t side) {
    return length == ShapedType::kDynamic ? length : int64_t(llvm::divideCeil(uint64_t(length), uint64_t(side)));
  };
  return {blocks(countElements(leading(matrix)), block.getRows()), blocks(channels(matrix), block.getColumns())};
}

LogicalResult QuantizeOp::verify() {
  RankedTensorType input = getInput().getType();
  return Checks(*this)
      .rows("the input", input)
      .shape("the codes", getCodes().getType(), input.getShape(), "the shape of the input")
      .shape("the scales", getScales().getType(), scalesShape(input, getBlock()), "one per block");
}

LogicalResult DequantizeOp::verify() {
  RankedTensorType codes = getCodes().getType();
  return Checks(*this)
      .rows("the codes", codes)
      .shape("the result", getType(), codes.getShape(), "the shape of the codes")
      .shape("the scales", getScales().getType(), scalesShape(codes, getBlock()), "one per block");
}

LogicalResult ScaledLinearOp::verify() {
  RankedTensorType input = getInput().getType(), weight = getWeight().getType(), result = getType();
  return Checks(*this)
      .rows("the input", input)
      .rows("the result", result)
      .shape("the result", result, withChannels(input, channels(result)), "the input's rows × output channels")
      .shape("the weight", weight, {channels(result), channels(input)}, "output channels × input channels")
      .shape("the input's scales", getInputScales().getType(), scalesShape(input, getInputBlock()), "one per block")
      .shape("the weight's scales", getWeightScales().getType(), scalesShape(weight, getWeightBlock()), "one per block")
      .expect(getInputBlock().getColumns() == getWeightBlock().getColumns(),
              "expects blocks of the same number of summed channels, got " + Twine(getInputBlock().getColumns()) +
                  " in the input and " + Twine(getWeightBlock().getColumns()) + " in the weight");
}
