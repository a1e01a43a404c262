//===- SelectStrategies.cpp - a configuration for every kernel ----------------------------------------------------===//
//
// Asks the strategies for every kernel and leaves on it what they choose. Behind this pass the module can be written to
// a file and read again.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Selection/ChoiceFile.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/FormatVariadic.h"
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
    if (failed(target) || failed(checkForm()) || failed(readFile()))
      return signalPassFailure();
    markAnalysesPreserved<KernelAnatomy>();
    llvm::json::Array kernels;
    for (KernelOp kernel : getOperation().getOps<KernelOp>()) {
      FailureOr<Selection> selection = selectFor(kernel, *target);
      if (failed(selection))
        return signalPassFailure();
      if (form() == "text")
        print(llvm::errs(), kernel, *selection);
      else if (form() == "json")
        kernels.push_back(toJSON(kernel, *selection, *target));
    }
    if (form() == "json")
      llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(makeDocument(std::move(kernels), *target)));
    if (file)
      file->noteUnused(&getContext());
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

  /// How choices are printed; empty: not at all.
  StringRef form() const {
    return !printConfig.hasValue() ? StringRef() : printConfig.empty() ? StringRef("text") : StringRef(printConfig);
  }

  LogicalResult checkForm() {
    if (form().empty() || form() == "text" || form() == "json")
      return success();
    return getOperation().emitError("unknown form '") << form() << "' of print-config; known: text, json";
  }

  LogicalResult readFile() {
    file.reset();
    if (config.empty())
      return success();
    FailureOr<ChoiceFile> read = ChoiceFile::read(&getContext(), config);
    if (failed(read))
      return failure();
    file = std::move(*read);
    return success();
  }

  /// Leaves the configuration and the workspace on the kernel.
  FailureOr<Selection> selectFor(KernelOp kernel, const TargetDescription &target) {
    const auto &anatomy = getChildAnalysis<KernelAnatomy>(kernel);
    FailureOr<Selection> selection = file ? file->select(anatomy, target) : select(anatomy, target);
    if (failed(selection))
      return failure();
    kernel.setConfigurationAttr(selection->configuration.toAttribute(&getContext()));
    kernel.setWorkspace(selection->configuration.workspace);
    return selection;
  }

  std::optional<ChoiceFile> file;
};

} // namespace
