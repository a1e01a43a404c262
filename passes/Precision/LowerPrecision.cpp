//===- LowerPrecision.cpp - products in a type narrower than f32 --------------------------------------------------===//
//
// Implements hadal-lower-precision: every function is lowered by itself (ProductLowering.h). The decisions that were
// made for the model before programs were made of it are carried out, and have then served their purpose: they must not
// keep equal kernels apart.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Precision/ProductLowering.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_LOWERPRECISION
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {
struct LowerPrecision : hadal::impl::LowerPrecisionBase<LowerPrecision> {
  using LowerPrecisionBase::LowerPrecisionBase;

  void runOnOperation() override {
    llvm::Expected<Precision> known = parsePrecision(precision);
    if (!known) {
      getOperation().emitError(llvm::toString(known.takeError()));
      return signalPassFailure();
    }
    FloatType type = getPrecisionType(*known, &getContext());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(ProductLowering(type).run(function)))
        return signalPassFailure();
    getOperation().walk([](ProductOpInterface op) { op->removeDiscardableAttr(roundedResultsAttrName); });
  }
};
} // namespace
