//===- AttentionGradients.cpp - gradients of rotary embedding and attention ---------------------------------------===//
//
// How gradients flow backwards through the rotation (rotate back) and the causal attention core.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> RopeOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  SmallVector<Value> result = {RopeOp::create(builder, getLoc(), getType(), gradients[0], getPositions(), getHeads(),
                                              getRope(), !getInverse(), getPositionLimitAttr())};
  result.resize(getNumOperands());
  return result;
}

// The log of the softmax denominators is there for the gradient only: nothing may be computed from it.
SmallVector<Value> AttentionOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  if (!gradients[0] || gradients[1]) {
    emitOpError("has no gradient through its second result, the log of the softmax denominators");
    return {};
  }
  auto op = AttentionGradientOp::create(builder, getLoc(), getQuery().getType(), getKeyValue().getType(),
                                        getRotaryKey().getType(), getQuery(), getKeyValue(), getRotaryKey(),
                                        getResult(), getLogSumExp(), gradients[0], getPositions(), getKeyLengths(),
                                        getHeadsAttr(), getNopeAttr(), getValueAttr(), getScaleAttr());
  SmallVector<Value> result = {op.getQueryGradient(), op.getKeyValueGradient(), op.getRotaryKeyGradient()};
  result.resize(getNumOperands());
  return result;
}
