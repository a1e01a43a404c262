//===- Fuse.cpp - hadal-fuse: cuts entry points into kernels -----------------------------------------------------===//
//
// Every function of the module is an entry point. In each, dead operations go, groups are found (SearchGroups.cpp),
// become launches of shared kernels (Outline.cpp, KernelTable.cpp), and results are tied to the persistent storage that
// they update. A value that is returned twice is made once: the memory plan copies it.
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
    Prices prices{memoryByte, cachedByte, multiplyAdd, operation, launch, liveValues};
    if (failed(prices.verify(getOperation())))
      return signalPassFailure();
    KernelPricer pricer(prices);
    KernelTable kernels(getOperation());
    SmallVector<func::FuncOp> entries(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp entry : entries) {
      if (entry.isDeclaration())
        continue;
      if (failed(checkEntry(entry)))
        return signalPassFailure();
      eraseDeadOperations(entry.getBody().front());
      FailureOr<FusionCut> cut = findFusionGroups(entry, pricer, /*findBoundaries=*/printFusion);
      if (failed(cut))
        return signalPassFailure();
      outlineGroups(entry, *cut, kernels);
      for (const GroupBoundary &boundary : cut->boundaries)
        kernels.addBoundary(boundary);
      if (failed(tieResults(entry)))
        return signalPassFailure();
    }
    if (!printFusion)
      return;
    prices.print(llvm::errs());
    kernels.print(llvm::errs());
  }
};

} // namespace
