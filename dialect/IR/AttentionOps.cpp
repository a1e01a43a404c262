//===- AttentionOps.cpp - multi-head latent attention
//
// Parameters and checks of the family's operations.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> MLAAttentionOp::getParameterSlots() {
  int64_t rank = getLatent().getType().getShape().back() - getRope().getDim();
  int64_t up = getHeads() * (getNope() + getValue());
  Type element = getType().getElementType();
  return {{getParameterName(*this, 0), RankedTensorType::get({up, rank}, element), Initializer::Normal},
          {getParameterName(*this, 1), RankedTensorType::get({rank}, element), Initializer::Ones}};
}
