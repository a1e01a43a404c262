//===- ExpertGradients.cpp - gradients of the mixture of experts --------------------------------------------------===//
//
// How gradients flow backwards through the router, the balance losses, dispatch and the experts' products. Combining
// and gathering are each other's gradients, so nothing is scattered and sums keep their fixed order.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

// The choice itself is constant, and so is the load; only the weights of the chosen experts carry a gradient. A bias
// takes part in the choice only.
SmallVector<Value> RouterOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  SmallVector<Value> result(getOperation()->getNumOperands());
  if (Value gradient = gradients[1])
    result[0] = RouterGradientOp::create(builder, getLoc(), getLogits().getType(), getLogits(), getIndices(), gradient,
                                         getScoreFunctionAttr(), getNormalizeAttr(), getScaleAttr());
  return result;
}

SmallVector<Value> SequenceBalanceLossOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  return {SequenceBalanceLossGradientOp::create(builder, getLoc(), getLogits().getType(), getScoreFunctionAttr(),
                                                getLogits(), gradients[0], getTopKAttr())};
}

SmallVector<Value> VarianceBalanceLossOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  return {VarianceBalanceLossGradientOp::create(builder, getLoc(), getLogits().getType(), getScoreFunctionAttr(),
                                                getLogits(), gradients[0])};
}

SmallVector<Value> GatherRowsOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Value inputGradient = CombineRowsOp::create(builder, getLoc(), getInput().getType(), gradients[0], getRows(),
                                              getPairs(), /*expert_weights=*/Value());
  return {inputGradient, Value(), Value()};
}

SmallVector<Value> CombineRowsOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  if (!getExpertWeights())
    return {GatherRowsOp::create(builder, getLoc(), getInput().getType(), gradients[0], getPairs(), getRows()), Value(),
            Value()};
  auto op = CombineRowsGradientOp::create(builder, getLoc(), getInput().getType(), getExpertWeights().getType(),
                                          getInput(), getPairs(), getExpertWeights(), gradients[0]);
  return {op.getInputGradient(), Value(), Value(), op.getWeightsGradient()};
}

// y = x W_eᵀ (transposed) or x W_e: dx = dy W_e or dy W_eᵀ; dW_e = Σ dyᵀ x or Σ xᵀ dy over the expert's rows.
SmallVector<Value> GroupedMatmulOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Value lhs = getLhs(), rhs = getRhs(), gradient = gradients[0];
  Value left = getTransposeRhs() ? gradient : lhs, right = getTransposeRhs() ? lhs : gradient;
  Value lhsGradient = GroupedMatmulOp::create(builder, getLoc(), lhs.getType(), gradient, rhs, getOffsets(),
                                              !getTransposeRhs(), getComputeAttr());
  Value rhsGradient =
      GroupedOuterProductOp::create(builder, getLoc(), rhs.getType(), left, right, getOffsets(), getComputeAttr());
  return {lhsGradient, rhsGradient, Value()};
}
