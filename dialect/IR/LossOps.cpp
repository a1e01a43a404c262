//===- LossOps.cpp - the head with its cross entropy, and multi-token prediction
//
// Parameters and checks of the family's operations.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> CrossEntropyOp::getParameterSlots() {
  auto type = RankedTensorType::get({int64_t(getVocabulary()), getHidden().getType().getShape().back()},
                                    getHidden().getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Normal}};
}

SmallVector<ParameterSlot> MTPMergeOp::getParameterSlots() {
  int64_t channels = getType().getShape().back();
  Type element = getType().getElementType();
  return {{getParameterName(*this, 0), RankedTensorType::get({channels}, element), Initializer::Ones},
          {getParameterName(*this, 1), RankedTensorType::get({channels}, element), Initializer::Ones},
          {getParameterName(*this, 2), RankedTensorType::get({channels, 2 * channels}, element), Initializer::Normal}};
}
