//===- AttentionGradients.cpp - gradients of rotary embedding and attention ---------------------------------------===//
//
// How gradients flow backwards through the rotation (rotate back) and the causal attention core.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> RopeOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  return {RopeOp::create(builder, getLoc(), getType(), gradients[0], getHeads(), getRope(), !getInverse())};
}

// The log of the softmax denominators is there for the gradient only: nothing may be computed from it.
SmallVector<Value> AttentionOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  if (!gradients[0] || gradients[1]) {
    emitOpError("has no gradient through its second result, the log of the softmax denominators");
    return {};
  }
  auto op = AttentionGradientOp::create(builder, getLoc(), getQuery().getType(), getKeyValue().getType(),
                                        getRotaryKey().getType(), getQuery(), getKeyValue(), getRotaryKey(),
                                        getResult(), getLogSumExp(), gradients[0], getHeadsAttr(), getNopeAttr(),
                                        getValueAttr(), getScaleAttr());
  return {op.getQueryGradient(), op.getKeyValueGradient(), op.getRotaryKeyGradient()};
}
