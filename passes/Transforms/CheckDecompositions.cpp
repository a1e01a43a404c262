//===- CheckDecompositions.cpp - decompositions against definitions -----------------------------------------------===//
//
// `hadal-check-decompositions`: see its description in Passes.td.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/Transforms/ReferenceChecks.h"
#include "llvm/Support/Format.h"

namespace hadal {
#define GEN_PASS_DEF_CHECKDECOMPOSITIONSPASS
#include "passes/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;
using reference::Tensor;

namespace {
class CheckDecompositionsPass : public hadal::impl::CheckDecompositionsPassBase<CheckDecompositionsPass> {
public:
  using CheckDecompositionsPassBase::CheckDecompositionsPassBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    auto check = [&](Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results) {
      bool ok = true;
      if (isa<DecomposableOpInterface>(op))
        ok &= succeeded(compare(op, operands, results, "decomposition", [](Operation *copy, OpBuilder &builder) {
          return cast<DecomposableOpInterface>(copy).decompose(builder);
        }));
      if (isa<RowwiseOpInterface>(op))
        ok &= succeeded(compare(op, operands, results, "expansion in rows", [](Operation *copy, OpBuilder &builder) {
          return cast<RowwiseOpInterface>(copy).expandRows(builder);
        }));
      return success(ok);
    };
    if (failed(checkEveryOperation(getOperation(), reference::Inputs(seed), check)))
      signalPassFailure();
  }

private:
  /// Compares the results with those of what `rewrite` makes of the operation.
  LogicalResult compare(Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results, StringRef what,
                        function_ref<SmallVector<Value>(Operation *, OpBuilder &)> rewrite) {
    SmallVector<Tensor> rewritten;
    auto build = [&](Operation *copy, OpBuilder &builder, ValueRange) { return rewrite(copy, builder); };
    if (failed(evaluateRewritten(op, {}, operands, build, rewritten)))
      return failure();
    if (rewritten.size() != results.size())
      return op->emitOpError() << "has " << results.size() << " results, its " << what << " " << rewritten.size();
    bool ok = true;
    for (auto [index, actual] : enumerate(rewritten)) {
      if (actual.shape != results[index].shape) {
        op->emitOpError() << "differs from its " << what << " in the shape of result #" << index;
        ok = false;
        continue;
      }
      Difference difference = largestDifference(actual, results[index]);
      llvm::outs() << op->getName() << " " << what << " result #" << index << ": relative error "
                   << llvm::format("%.1e", difference.relative) << '\n';
      if (difference.relative <= tolerance)
        continue;
      op->emitOpError() << "differs from its " << what << " in result #" << index << ", element " << difference.element
                        << ": " << number(results[index].data[difference.element]) << " and "
                        << number(actual.data[difference.element]);
      ok = false;
    }
    return success(ok);
  }
};
} // namespace
