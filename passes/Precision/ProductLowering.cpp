//===- ProductLowering.cpp - factors and results of products in a narrower type -----------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Precision/ProductLowering.h"
#include "dialect/IR/Conversions.h"
#include "mlir/IR/Builders.h"
#include "passes/Transforms/Requirements.h"

using namespace mlir;
using namespace hadal;

/// The tensor's type with another element type.
static Type withElement(Type type, FloatType element) { return cast<RankedTensorType>(type).clone(element); }

static bool isF32(Value value) { return getElementTypeOrSelf(value.getType()).isF32(); }

FailureOr<FloatType> ProductLowering::decideType(ProductOpInterface op) const {
  Type requested = op.getRequestedType();
  if (!requested)
    return precision;
  auto type = dyn_cast<FloatType>(requested);
  if (!type || !(type.isF32() || type.isBF16()))
    return op.emitError("asks for products in ") << requested << ": they can be formed in f32 or bf16";
  return type;
}

/// The value rounded to a type, for a reader that stands after it.
Value ProductLowering::round(Value value, FloatType type, Operation *reader) {
  if (Value known = rounded.lookup({value, type}))
    return known;
  Operation *maker = value.getDefiningOp();
  if (auto selection = dyn_cast_if_present<KernelOpInterface>(maker); selection && selection.getRowSelection())
    return rounded[{value, type}] = roundSelected(selection, type, reader);
  OpBuilder builder(reader);
  if (maker)
    builder.setInsertionPointAfter(maker);
  Location loc = maker ? maker->getLoc() : reader->getLoc();
  return rounded[{value, type}] = arith::TruncFOp::create(builder, loc, withElement(value.getType(), type), value);
}

/// The same selection of rows that are rounded already.
Value ProductLowering::roundSelected(KernelOpInterface selection, FloatType type, Operation *reader) {
  Value rows = round(selection->getOperand(0), type, reader);
  OpBuilder builder(reader);
  Operation *copy = builder.clone(*selection);
  copy->setOperand(0, rows);
  copy->getResult(0).setType(cast<RankedTensorType>(withElement(selection->getResult(0).getType(), type)));
  selections.insert(selection);
  return copy->getResult(0);
}

/// Whether all that read a product's result take it for an activation (rule 2).
bool ProductLowering::isReadAsActivation(Value value, FloatType type) const {
  auto takesActivation = [&](OpOperand &use) {
    Operation *reader = use.getOwner();
    if (isRounding(reader))
      return getElementTypeOrSelf(reader->getResult(0).getType()) == type;
    auto kernelOp = dyn_cast<KernelOpInterface>(reader);
    return kernelOp &&
           (kernelOp.getKernelKind() == KernelKind::Rowwise || kernelOp.widensOperand(use.getOperandNumber()));
  };
  return !value.use_empty() && llvm::all_of(value.getUses(), takesActivation);
}

/// Makes a result in a narrower type. What rounded it reads it as it is, the others widened.
void ProductLowering::narrow(OpResult result, FloatType type) {
  Type wideType = result.getType();
  // What rounds it is found while it is wide.
  llvm::SmallPtrSet<Operation *, 4> roundings;
  for (Operation *reader : result.getUsers())
    if (isRounding(reader))
      roundings.insert(reader);
  result.setType(cast<RankedTensorType>(withElement(wideType, type)));
  roundedResults.push_back(result);
  OpBuilder builder(result.getOwner()->getContext());
  builder.setInsertionPointAfter(result.getOwner());
  Value widened;
  for (OpOperand &use : llvm::make_early_inc_range(result.getUses())) {
    Operation *reader = use.getOwner();
    if (roundings.contains(reader)) {
      reader->getResult(0).replaceAllUsesWith(result);
      reader->erase();
      continue;
    }
    if (!widened)
      widened = arith::ExtFOp::create(builder, result.getOwner()->getLoc(), wideType, result);
    use.set(widened);
  }
}

LogicalResult ProductLowering::run(func::FuncOp function) {
  // A value that is rounded once is rounded before all that read it, which only one block says at a glance.
  if (!function.isExternal() && failed(requireStraightLine(function)))
    return failure();
  SmallVector<std::pair<ProductOpInterface, FloatType>> lowered;
  WalkResult walked = function.walk([&](ProductOpInterface op) {
    FailureOr<FloatType> type = decideType(op);
    if (failed(type))
      return WalkResult::interrupt();
    // From here on the types of the factors say it.
    op.setRequestedType(Type());
    if (!type->isF32())
      lowered.push_back({op, *type});
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  for (auto [op, type] : lowered)
    for (unsigned factor : op.getFactors())
      if (Value value = op->getOperand(factor); isF32(value))
        op->setOperand(factor, round(value, type, op));
  for (Operation *selection : selections)
    if (selection->use_empty())
      selection->erase();
  for (auto [op, type] : lowered) {
    auto decided = op->getAttrOfType<DenseI64ArrayAttr>(roundedResultsAttrName);
    for (OpResult result : op->getResults()) {
      if (!isF32(result) || !op.mayNarrowResult(result.getResultNumber()))
        continue;
      if (decided ? llvm::is_contained(decided.asArrayRef(), result.getResultNumber())
                  : isReadAsActivation(result, type))
        narrow(result, type);
    }
  }
  return success();
}
