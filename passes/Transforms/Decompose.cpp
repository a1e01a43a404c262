//===- Decompose.cpp - model operations in program operations -----------------------------------------------------===//
//
// Implements hadal-decompose: one walk over every function; what a decomposition writes is looked at as well, so a
// decomposition may use operations that decompose further.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "passes/Transforms/Requirements.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_DECOMPOSE
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {
struct Decompose : hadal::impl::DecomposeBase<Decompose> {
  using DecomposeBase::DecomposeBase;

  void runOnOperation() override {
    SmallVector<DecomposableOpInterface> pending;
    WalkResult result = getOperation().walk([&](DecomposableOpInterface op) {
      pending.push_back(op);
      return WalkResult(success(succeeded(requireBoundParameters(op)) && succeeded(requireClosedShapes(op))));
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    while (!pending.empty()) {
      DecomposableOpInterface op = pending.pop_back_val();
      OpBuilder builder(op);
      Operation *before = op->getPrevNode();
      SmallVector<Value> results = op.decompose(builder);
      for (Operation *added = before ? before->getNextNode() : &op->getBlock()->front(); added != op;
           added = added->getNextNode())
        if (auto further = dyn_cast<DecomposableOpInterface>(added))
          pending.push_back(further);
      op->replaceAllUsesWith(results);
      op->erase();
    }
  }
};
} // namespace
