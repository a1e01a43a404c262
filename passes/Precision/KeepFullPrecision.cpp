//===- KeepFullPrecision.cpp - products that are formed in f32 in every precision ---------------------------------===//
//
// Implements hadal-keep-full-precision. An operation with the trait FullPrecision decides by small differences of its
// operands. The products behind such an operand, through elementwise arithmetic, are asked to be formed in f32. The
// pass stands before differentiation, so that the gradients of these products inherit the request.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "passes/Precision/FullPrecision.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_KEEPFULLPRECISION
#include "passes/Passes.h.inc"
} // namespace hadal

/// Adds the products behind the operands of one such operation.
static void addProducts(Operation *reader, llvm::SmallPtrSetImpl<Operation *> &seen,
                        SmallVectorImpl<ProductOpInterface> &products) {
  SmallVector<Operation *> pending{reader};
  while (!pending.empty())
    for (Value operand : pending.pop_back_val()->getOperands()) {
      Operation *op = operand.getDefiningOp();
      if (!op || !seen.insert(op).second)
        continue;
      if (auto product = dyn_cast<ProductOpInterface>(op))
        products.push_back(product);
      else if (op->hasTrait<OpTrait::Elementwise>())
        pending.push_back(op);
    }
}

SmallVector<ProductOpInterface> hadal::findFullPrecisionProducts(Operation *root) {
  llvm::SmallPtrSet<Operation *, 32> seen;
  SmallVector<ProductOpInterface> products;
  root->walk([&](Operation *op) {
    if (op->hasTrait<FullPrecision>())
      addProducts(op, seen, products);
  });
  return products;
}

namespace {
struct KeepFullPrecision : hadal::impl::KeepFullPrecisionBase<KeepFullPrecision> {
  using KeepFullPrecisionBase::KeepFullPrecisionBase;

  void runOnOperation() override {
    // What the model asks for comes first.
    for (ProductOpInterface product : findFullPrecisionProducts(getOperation()))
      if (!product.getRequestedType())
        product.setRequestedType(Float32Type::get(&getContext()));
  }
};
} // namespace
