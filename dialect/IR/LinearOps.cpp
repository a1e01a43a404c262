//===- LinearOps.cpp - embedding, linear layers, views along channels
//
// Parameters and checks of the family's operations.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> EmbeddingOp::getParameterSlots() {
  auto type =
      RankedTensorType::get({int64_t(getVocabulary()), getType().getShape().back()}, getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Normal}};
}

SmallVector<ParameterSlot> LinearOp::getParameterSlots() {
  auto type = RankedTensorType::get({getType().getShape().back(), getInput().getType().getShape().back()},
                                    getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Normal}};
}

SmallVector<ParameterSlot> GatedMLPOp::getParameterSlots() {
  int64_t channels = getType().getShape().back(), width = getWidth();
  std::string prefix = getParameterName(*this, 0);
  auto type = [&](int64_t out, int64_t in) { return RankedTensorType::get({out, in}, getType().getElementType()); };
  return {{prefix + ".gate_proj.weight", type(width, channels), Initializer::Normal},
          {prefix + ".up_proj.weight", type(width, channels), Initializer::Normal},
          {prefix + ".down_proj.weight", type(channels, width), Initializer::Normal}};
}
