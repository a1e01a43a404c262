//===- NormOps.cpp - RMSNorm and rowwise primitives
//
// Parameters and checks of the family's operations.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> RMSNormOp::getParameterSlots() {
  auto type = RankedTensorType::get({getType().getShape().back()}, getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Ones}};
}
