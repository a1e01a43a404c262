//===- LossGradients.cpp - gradient of the head with its cross entropy --------------------------------------------===//
//
// The gradient operation forms the loss as well, in the same pass over the logits; hadal-share-losses then lets the
// forward loss come from it, so that the logits are formed once.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> CrossEntropyOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Value hidden = getHidden(), weight = getWeights().front();
  auto op = CrossEntropyGradientOp::create(builder, getLoc(), getType(), hidden.getType(), weight.getType(), hidden,
                                           getTargets(), weight, gradients[0]);
  return {op.getHiddenGradient(), Value(), op.getWeightGradient()};
}
