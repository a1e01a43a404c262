//===- LowerKernels.cpp - the functions of every kernel's stages --------------------------------------------------===//
//
// Each kernel's strategy, found again by the configuration that selection left on the kernel, emits its functions.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Emit/KernelDialects.h"
#include "codegen/Selection/Strategy.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace hadal {
#define GEN_PASS_DECL_LOWERKERNELS
#define GEN_PASS_DEF_LOWERKERNELS
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

struct LowerKernels : hadal::impl::LowerKernelsBase<LowerKernels> {
  using LowerKernelsBase::LowerKernelsBase;
  void getDependentDialects(DialectRegistry &registry) const override { registerKernelDialects(registry); }

  void runOnOperation() override {
    llvm::Expected<TargetDescription> target = TargetDescription::forTarget(targetName, cpu, gpu);
    if (!target) {
      getOperation().emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    for (KernelOp kernel : llvm::make_early_inc_range(getOperation().getOps<KernelOp>()))
      if (failed(lowerKernel(getChildAnalysis<KernelAnatomy>(kernel), *target, builder)))
        return signalPassFailure();
  }
};

} // namespace
