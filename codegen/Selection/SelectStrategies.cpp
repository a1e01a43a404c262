//===- SelectStrategies.cpp - a configuration for every kernel ----------------------------------------------------===//
//
// Asks the strategies for every kernel and leaves on it what they choose. Behind this pass the module can be written to
// a file and read again.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Selection/Strategy.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/raw_ostream.h"

namespace hadal {
#define GEN_PASS_DECL_SELECTSTRATEGIES
#define GEN_PASS_DEF_SELECTSTRATEGIES
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

struct SelectStrategies : hadal::impl::SelectStrategiesBase<SelectStrategies> {
  using SelectStrategiesBase::SelectStrategiesBase;

  void runOnOperation() override {
    FailureOr<TargetDescription> target = describeTarget();
    if (failed(target))
      return signalPassFailure();
    markAnalysesPreserved<KernelAnatomy>();
    for (KernelOp kernel : getOperation().getOps<KernelOp>())
      if (failed(select(getChildAnalysis<KernelAnatomy>(kernel), *target)))
        return signalPassFailure();
  }

private:
  FailureOr<TargetDescription> describeTarget() {
    llvm::Expected<TargetDescription> target = TargetDescription::forTarget(targetName, cpu, gpu);
    if (!target)
      return getOperation().emitError(llvm::toString(target.takeError()));
    if (multiprocessors.hasValue())
      if (llvm::Error error = target->setMultiprocessors(multiprocessors))
        return getOperation().emitError(llvm::toString(std::move(error)));
    return *target;
  }

  /// Leaves the configuration and the workspace on the kernel.
  LogicalResult select(const KernelAnatomy &anatomy, const TargetDescription &target) {
    FailureOr<KernelConfiguration> configuration = selectConfiguration(anatomy, target);
    if (failed(configuration))
      return failure();
    KernelOp kernel = anatomy.kernel();
    kernel.setConfigurationAttr(configuration->toAttribute(&getContext()));
    kernel.setWorkspace(configuration->workspace);
    if (!printConfig)
      return success();
    llvm::errs() << "@" << kernel.getSymName() << " (" << stringifyKernelKind(kernel.getKind()) << "): ";
    configuration->print(llvm::errs());
    llvm::errs() << "\n";
    return success();
  }
};

} // namespace
