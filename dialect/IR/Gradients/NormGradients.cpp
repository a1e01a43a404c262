//===- NormGradients.cpp - gradients of RMSNorm and of the rowwise primitives -------------------------------------===//
//
// How gradients flow backwards through RMSNorm, the reduction of a row and the repetition to a larger shape.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> RMSNormOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Value input = getInput(), weight = getWeights().front(), gradient = gradients[0];
  Value inputGradient =
      RMSNormGradientOp::create(builder, getLoc(), input.getType(), input, weight, gradient, getEpsAttr());
  Value weightGradient =
      RMSNormWeightGradientOp::create(builder, getLoc(), weight.getType(), input, gradient, getEpsAttr());
  return {inputGradient, weightGradient};
}

// A sum passes its gradient on to every element. A maximum passes it to the elements that reach the maximum, in equal
// shares when there are several.
SmallVector<Value> RowReduceOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Type type = getInput().getType();
  auto expand = [&](Value value) -> Value { return ExpandOp::create(builder, getLoc(), type, value); };
  if (getReduction() == Reduction::Add)
    return {expand(gradients[0])};
  Value reached = arith::CmpFOp::create(builder, getLoc(), arith::CmpFPredicate::OEQ, getInput(), expand(getResult()));
  Value share = arith::UIToFPOp::create(builder, getLoc(), type, reached);
  Value count = RowReduceOp::create(builder, getLoc(), getType(), Reduction::Add, share);
  Value each = arith::DivFOp::create(builder, getLoc(), gradients[0], count);
  return {arith::MulFOp::create(builder, getLoc(), share, expand(each))};
}

// The gradient of a repeated element is the sum over its copies. Only repetition along a row has an operation that adds
// them up, and no model needs another: other shapes are refused.
SmallVector<Value> ExpandOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  auto from = cast<RankedTensorType>(getInput().getType()), to = cast<RankedTensorType>(getType());
  if (from == to)
    return {gradients[0]};
  bool alongRow = from.getRank() == to.getRank() && from.getRank() > 0 && from.getShape().back() == 1 &&
                  from.getShape().drop_back() == to.getShape().drop_back();
  if (!alongRow) {
    emitOpError("has a gradient only when it repeats along the last dimension, but goes from ")
        << from << " to " << to << "; let no parameter lie before it";
    return {};
  }
  return {RowReduceOp::create(builder, getLoc(), from, Reduction::Add, gradients[0])};
}
