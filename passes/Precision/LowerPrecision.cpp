//===- LowerPrecision.cpp - products in a type narrower than f32 --------------------------------------------------===//
//
// Implements hadal-lower-precision. What it decides follows from three rules, in this order:
//
// 1. Factors. Every factor of a product (ProductOpInterface) is rounded to the product's type by arith.truncf: the type
//    that the product asks for, or else the program's. A value is rounded once, where it is made, so that the rounding
//    becomes part of the kernel that makes it; a parameter, before the first product that reads it. Rows that are only
//    selected are rounded before the selection, once for all their copies.
// 2. Results. A result of such a product is made in that type, too, if everything that reads it takes it for an
//    activation: a product (which would round it), an operation along rows, or an operation whose kernel widens it
//    while it is read. All but the products read it through arith.extf. A result that joins a sum stays f32: the
//    residual stream and its gradient, and the gradients of parameters.
// 3. All else stays as it is: f32.
//
// The first rule looks at all products before the second looks at any result, because what a product reads decides how
// the result of another is read.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "passes/Transforms/Requirements.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_LOWERPRECISION
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {

/// The types that products can be formed in, by the name of the precision.
FloatType parsePrecision(StringRef name, MLIRContext *context) {
  return llvm::StringSwitch<FloatType>(name)
      .Case("f32", Float32Type::get(context))
      .Case("bf16", BFloat16Type::get(context))
      .Default(FloatType());
}

/// The tensor's type with another element type.
Type withElement(Type type, FloatType element) { return cast<RankedTensorType>(type).clone(element); }

bool isF32(Value value) { return getElementTypeOrSelf(value.getType()).isF32(); }

/// Rounds the factors and results of the products of one function.
class ProductLowering {
public:
  explicit ProductLowering(FloatType precision) : precision(precision) {}

  LogicalResult run(func::FuncOp function);

private:
  FailureOr<FloatType> decideType(ProductOpInterface op) const;
  Value round(Value value, FloatType type, Operation *reader);
  Value roundSelected(KernelOpInterface selection, FloatType type, Operation *reader);
  bool isReadAsActivation(Value value, FloatType type) const;
  void narrow(OpResult result, FloatType type);

  FloatType precision;
  /// What a value was rounded to.
  DenseMap<std::pair<Value, Type>, Value> rounded;
  /// Selections that may have lost their last reader.
  llvm::SetVector<Operation *> selections;
};

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
  if (auto selection = dyn_cast_if_present<KernelOpInterface>(maker); selection && selection.selectsRows())
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
    if (auto rounding = dyn_cast<arith::TruncFOp>(reader))
      return getElementTypeOrSelf(rounding.getType()) == type;
    auto kernelOp = dyn_cast<KernelOpInterface>(reader);
    return kernelOp &&
           (kernelOp.getKernelKind() == KernelKind::Rowwise || kernelOp.widensOperand(use.getOperandNumber()));
  };
  return !value.use_empty() && llvm::all_of(value.getUses(), takesActivation);
}

/// Makes a result in a narrower type. What rounded it reads it as it is, the others widened.
void ProductLowering::narrow(OpResult result, FloatType type) {
  Type wideType = result.getType();
  result.setType(cast<RankedTensorType>(withElement(wideType, type)));
  OpBuilder builder(result.getOwner()->getContext());
  builder.setInsertionPointAfter(result.getOwner());
  Value widened;
  for (OpOperand &use : llvm::make_early_inc_range(result.getUses())) {
    Operation *reader = use.getOwner();
    if (auto rounding = dyn_cast<arith::TruncFOp>(reader)) {
      rounding.replaceAllUsesWith(Value(result));
      rounding.erase();
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
  for (auto [op, type] : lowered)
    for (OpResult result : op->getResults())
      if (isF32(result) && op.mayNarrowResult(result.getResultNumber()) && isReadAsActivation(result, type))
        narrow(result, type);
  return success();
}

struct LowerPrecision : hadal::impl::LowerPrecisionBase<LowerPrecision> {
  using LowerPrecisionBase::LowerPrecisionBase;

  void runOnOperation() override {
    FloatType type = parsePrecision(precision, &getContext());
    if (!type) {
      getOperation().emitError("unknown precision '")
          << precision.getValue() << "': products can be formed in f32 or bf16";
      return signalPassFailure();
    }
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(ProductLowering(type).run(function)))
        return signalPassFailure();
  }
};

} // namespace
