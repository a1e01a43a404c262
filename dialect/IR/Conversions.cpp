//===- Conversions.cpp - changes of floating-point types, and sums ------------------------------------------------===//
//
// See the header. Upstream's `arith` says which operations are conversions, and they say to and from which types.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Conversions.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

/// How many bits wider a conversion between floating-point types makes an element; negative when it rounds, 0 for other
/// operations.
static int64_t getAddedBits(Operation *op) {
  if (!isa_and_nonnull<CastOpInterface>(op) || !op->hasTrait<OpTrait::Elementwise>())
    return 0;
  auto from = dyn_cast<FloatType>(getElementTypeOrSelf(op->getOperand(0).getType()));
  auto to = dyn_cast<FloatType>(getElementTypeOrSelf(op->getResult(0).getType()));
  return from && to ? int64_t(to.getWidth()) - int64_t(from.getWidth()) : 0;
}

bool hadal::isWidening(Operation *op) { return getAddedBits(op) > 0; }
bool hadal::isRounding(Operation *op) { return getAddedBits(op) < 0; }

Value hadal::getUnwidened(Value value) {
  Operation *op = value.getDefiningOp();
  return isWidening(op) ? op->getOperand(0) : value;
}

bool hadal::isElementByElement(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>() || isa<SumOpInterface>(op);
}

namespace {
struct SumModel : SumOpInterface::ExternalModel<SumModel, arith::AddFOp> {};
} // namespace

void hadal::attachSums(MLIRContext *context) { arith::AddFOp::attachInterface<SumModel>(*context); }
