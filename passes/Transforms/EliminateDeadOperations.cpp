//===- EliminateDeadOperations.cpp - removal of what nothing reads ------------------------------------------------===//
//
// Implements hadal-eliminate-dead-operations: users stand after their operands, so one sweep from the end removes whole
// chains.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Transforms/EliminateDeadOperations.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_ELIMINATEDEADOPERATIONS
#include "passes/Passes.h.inc"
} // namespace hadal

void hadal::eliminateDeadOperations(Block &block, ArrayRef<Value> roots) {
  DenseSet<Operation *> needed;
  for (Value root : roots)
    needed.insert(root.getDefiningOp());
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op) && !needed.contains(&op))
      op.erase();
}

namespace {
struct EliminateDeadOperations : hadal::impl::EliminateDeadOperationsBase<EliminateDeadOperations> {
  using EliminateDeadOperationsBase::EliminateDeadOperationsBase;

  void runOnOperation() override {
    for (Block &block : getOperation().getBody())
      eliminateDeadOperations(block);
  }
};
} // namespace
