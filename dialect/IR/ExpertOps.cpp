//===- ExpertOps.cpp - mixtures of experts
//
// Parameters and checks of the family's operations.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> RouterOp::getParameterSlots() {
  // The bias is optional: neither a name nor a value means a router without one.
  if (!getParametersAttr() && getWeights().empty())
    return {};
  auto type = RankedTensorType::get({getLogits().getType().getShape().back()}, getLogits().getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Zeros, /*trainable=*/false}};
}

SmallVector<ParameterSlot> ExpertsOp::getParameterSlots() {
  int64_t channels = getType().getShape().back(), width = getWidth(), count = getCount();
  std::string prefix = getParameterName(*this, 0) + ".{e}.";
  auto type = [&](int64_t out, int64_t in) {
    return RankedTensorType::get({count, out, in}, getType().getElementType());
  };
  return {{prefix + "gate_proj.weight", type(width, channels), Initializer::Normal},
          {prefix + "up_proj.weight", type(width, channels), Initializer::Normal},
          {prefix + "down_proj.weight", type(channels, width), Initializer::Normal}};
}
