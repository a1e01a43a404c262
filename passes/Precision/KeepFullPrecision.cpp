//===- KeepFullPrecision.cpp - products that are formed in f32 in every precision ---------------------------------===//
//
// Implements hadal-keep-full-precision. An operation with the trait FullPrecision decides by small differences of its
// operands. The products behind such an operand, through elementwise arithmetic, are asked to be formed in f32. The
// pass stands before differentiation, so that the gradients of these products inherit the request.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_KEEPFULLPRECISION
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {
struct KeepFullPrecision : hadal::impl::KeepFullPrecisionBase<KeepFullPrecision> {
  using KeepFullPrecisionBase::KeepFullPrecisionBase;

  void runOnOperation() override {
    llvm::SmallPtrSet<Operation *, 32> seen;
    getOperation().walk([&](Operation *op) {
      if (op->hasTrait<FullPrecision>())
        visitOperands(op, seen);
    });
  }

private:
  void visitOperands(Operation *reader, llvm::SmallPtrSetImpl<Operation *> &seen) {
    SmallVector<Operation *> pending{reader};
    while (!pending.empty())
      for (Value operand : pending.pop_back_val()->getOperands()) {
        Operation *op = operand.getDefiningOp();
        if (!op || !seen.insert(op).second)
          continue;
        if (auto product = dyn_cast<ProductOpInterface>(op)) {
          // What the model asks for comes first.
          if (!product.getRequestedType())
            product.setRequestedType(Float32Type::get(&getContext()));
        } else if (op->hasTrait<OpTrait::Elementwise>()) {
          pending.push_back(op);
        }
      }
  }
};
} // namespace
