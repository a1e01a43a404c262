//===- Selected.cpp - configurations for the kernels of a file ----------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Selected.h"
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Selection/ChoiceFile.h"
#include "tools/hadal-check-kernels/Runner.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::check;

LogicalResult hadal::check::selectWhereNeeded(ModuleOp module, const TargetDescription &target, StringRef config,
                                              bool printConfig) {
  std::optional<ChoiceFile> file;
  if (!config.empty()) {
    FailureOr<ChoiceFile> read = ChoiceFile::read(module.getContext(), config);
    if (failed(read))
      return failure();
    file = std::move(*read);
  }
  for (KernelOp kernel : module.getOps<KernelOp>()) {
    Selection selection;
    if (hasCode(kernel)) {
      FailureOr<KernelConfiguration> configuration = getConfiguration(kernel);
      if (failed(configuration))
        return failure();
      selection.configuration = std::move(*configuration);
    } else {
      KernelAnatomy anatomy(kernel);
      FailureOr<Selection> selected = file ? file->select(anatomy, target) : select(anatomy, target);
      if (failed(selected))
        return failure();
      selection = std::move(*selected);
    }
    kernel.setConfigurationAttr(selection.configuration.toAttribute(module.getContext()));
    if (printConfig)
      print(llvm::outs(), kernel, selection);
  }
  if (file)
    file->noteUnused(module.getContext());
  return success();
}
