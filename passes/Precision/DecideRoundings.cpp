//===- DecideRoundings.cpp - which results of products are rounded ------------------------------------------------===//
//
// Implements hadal-decide-roundings. Whether a product's result is rounded depends on what reads it, and each program
// that is made of a model has other readers: training adds the backward pass, evaluation lets the heads of multi-token
// prediction fall away. So it is decided here, once, on @forward with everything that the model has, and written on the
// products; whatever becomes of them carries it along. All programs then compute the same numbers.
//
// The rules stand in one place: @forward is lowered in a copy, and the results that are rounded there are read off.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/Precision/ProductLowering.h"
#include "passes/Transforms/EntryPoint.h"
#include "passes/Transforms/Requirements.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_DECIDEROUNDINGS
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {
struct DecideRoundings : hadal::impl::DecideRoundingsBase<DecideRoundings> {
  using DecideRoundingsBase::DecideRoundingsBase;

  LogicalResult decide(func::FuncOp forward, FloatType type) {
    IRMapping mapping;
    OwningOpRef<func::FuncOp> copy(cast<func::FuncOp>(forward->clone(mapping)));
    ProductLowering lowering(type);
    if (failed(lowering.run(*copy)))
      return failure();
    DenseMap<Operation *, SmallVector<int64_t>> rounded;
    for (OpResult result : lowering.getRoundedResults())
      rounded[result.getOwner()].push_back(result.getResultNumber());
    Builder builder(&getContext());
    forward.walk([&](ProductOpInterface op) {
      op->setAttr(roundedResultsAttrName, builder.getDenseI64ArrayAttr(rounded.lookup(mapping.lookup(op))));
    });
    return success();
  }

  void runOnOperation() override {
    llvm::Expected<Precision> known = parsePrecision(precision);
    if (!known) {
      getOperation().emitError(llvm::toString(known.takeError()));
      return signalPassFailure();
    }
    func::FuncOp forward = findEntry(getOperation(), EntryRole::Forward);
    if (!forward) {
      getOperation().emitError("holds no function @forward: run hadal-bind-parameters first");
      return signalPassFailure();
    }
    if (failed(requireStraightLine(forward)) || failed(decide(forward, getPrecisionType(*known, &getContext()))))
      signalPassFailure();
  }
};
} // namespace
