//===- Fuse.cpp - hadal-fuse: cuts entry points into kernels -----------------------------------------------------===//
//
// Every function of the module is an entry point. In each, dead operations go, results that the same value stands for
// twice get a copy, groups are found (FusionGroups.cpp), become launches of shared kernels (Outline.cpp,
// KernelTable.cpp), and results are tied to the persistent storage that they update.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/Fusion/Outline.h"
#include "passes/Transforms/Requirements.h"

namespace hadal {
#define GEN_PASS_DEF_FUSEPASS
#include "passes/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

void eraseDeadOperations(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// The same numbers as a value of its own. Arithmetic that changes nothing, in a type that kernels compute in.
Value createCopy(OpBuilder &builder, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  Location loc = value.getLoc();
  auto fill = [&](TypedAttr number) -> Value {
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, number));
  };
  Type element = type.getElementType();
  if (isa<IntegerType>(element))
    return arith::OrIOp::create(builder, loc, value, fill(builder.getIntegerAttr(element, 0)));
  if (element.getIntOrFloatBitWidth() >= 32)
    return arith::MulFOp::create(builder, loc, value, fill(builder.getFloatAttr(element, 1.0)));
  Value wide = arith::ExtFOp::create(builder, loc, type.clone(builder.getF32Type()), value);
  return arith::TruncFOp::create(builder, loc, type, wide);
}

/// Gives every result of the entry point that is no update in place a value of its own: it has storage of its own.
void copyRepeatedResults(func::FuncOp entry) {
  Operation *terminator = entry.getBody().front().getTerminator();
  llvm::SmallPtrSet<Value, 8> seen;
  for (OpOperand &returned : terminator->getOpOperands()) {
    Value value = returned.get();
    bool isOwn = seen.insert(value).second && !isa<BlockArgument>(value);
    // What is no tensor of numbers is reported where it is cut.
    auto type = dyn_cast<RankedTensorType>(value.getType());
    bool isOfNumbers = type && type.getElementType().isIntOrFloat();
    if (isOwn || entry.getResultAttr(returned.getOperandNumber(), "hadal.tied") || !isOfNumbers)
      continue;
    OpBuilder builder(terminator);
    returned.set(createCopy(builder, value));
  }
}

/// Kernels are cut from what the phase `program` holds: closed shapes, parameters as arguments.
LogicalResult checkEntry(func::FuncOp entry) {
  auto isOpen = [](Type type) {
    auto tensor = dyn_cast<ShapedType>(type);
    return tensor && !tensor.hasStaticShape();
  };
  constexpr StringLiteral remedy = ": cut into kernels what --hadal-model-to-program makes of a model";
  for (Type type : entry.getArgumentTypes())
    if (isOpen(type))
      return entry.emitError("'@") << entry.getName() << "' has an argument of the open type " << type << remedy;
    else if (failed(requireTensor(entry, type)))
      return failure();
  if (failed(requireStraightLine(entry)))
    return failure();
  WalkResult result = entry.walk([&](Operation *op) -> WalkResult {
    if (auto parameters = dyn_cast<ParametersOpInterface>(op); parameters && parameters.getParametersAttr())
      return op->emitOpError("names parameters that are not bound yet") << remedy;
    for (Type type : op->getResultTypes())
      if (isOpen(type))
        return op->emitOpError("yields the open type ") << type << remedy;
    return success();
  });
  return success(!result.wasInterrupted() && succeeded(requireTies(entry)));
}

struct FusePass : hadal::impl::FusePassBase<FusePass> {
  using FusePassBase::FusePassBase;

  void runOnOperation() override {
    if (auto models = getOperation().getOps<ModelOp>(); !models.empty()) {
      (*models.begin()).emitError("is no program yet: run hadal-model-to-program before hadal-fuse");
      return signalPassFailure();
    }
    KernelTable kernels(getOperation());
    SmallVector<func::FuncOp> entries(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp entry : entries) {
      if (entry.isDeclaration())
        continue;
      if (failed(checkEntry(entry)))
        return signalPassFailure();
      eraseDeadOperations(entry.getBody().front());
      copyRepeatedResults(entry);
      FailureOr<FusionGroups> groups = findFusionGroups(entry);
      if (failed(groups))
        return signalPassFailure();
      outlineGroups(entry, *groups, kernels);
      if (failed(tieResults(entry)))
        return signalPassFailure();
    }
    if (printFusion)
      kernels.print(llvm::errs());
  }
};

} // namespace
