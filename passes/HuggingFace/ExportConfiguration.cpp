//===- ExportConfiguration.cpp - prints the config.json of a model ------------------------------------------------===//
//
// The pass around exportConfig, for tests and for a look at what a checkpoint's config.json will be.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/Configuration.h"
#include "passes/Passes.h"
#include "llvm/Support/raw_ostream.h"

namespace hadal {
#define GEN_PASS_DEF_EXPORTCONFIGURATIONPASS
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {
struct ExportConfigurationPass : hadal::impl::ExportConfigurationPassBase<ExportConfigurationPass> {
  using ExportConfigurationPassBase::ExportConfigurationPassBase;

  void runOnOperation() override {
    for (hadal::ModelOp model : getOperation().getOps<hadal::ModelOp>()) {
      llvm::Expected<std::string> config = hadal::exportConfig(model);
      if (!config) {
        mlir::emitError(model.getLoc(), llvm::toString(config.takeError()));
        return signalPassFailure();
      }
      llvm::outs() << *config;
    }
    markAllAnalysesPreserved();
  }
};
} // namespace
