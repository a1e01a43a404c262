//===- SingleModel.cpp - the one model of a module ----------------------------------------------------------------===//
//
// A program is built from exactly one model.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Transforms/SingleModel.h"

using namespace mlir;
using namespace hadal;

FailureOr<ModelOp> hadal::getSingleModel(ModuleOp module) {
  auto models = llvm::to_vector(module.getOps<ModelOp>());
  if (models.empty())
    return module.emitError("holds no hadal.model: a program is built from exactly one model");
  if (models.size() > 1) {
    InFlightDiagnostic diagnostic = models[1].emitError("second model @")
                                    << models[1].getSymName() << ": a program is built from exactly one model";
    diagnostic.attachNote(models[0].getLoc()) << "the first one is @" << models[0].getSymName();
    return diagnostic;
  }
  return models.front();
}
