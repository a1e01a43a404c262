//===- Forward.cpp - from a model to @forward ---------------------------------------------------------------------===//
//
// What every program begins with. Where numbers are rounded depends on who reads them, so it is decided here, on the
// whole of @forward, before a program adds to it or takes parts away.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Programs/Programs.h"

using namespace mlir;
using namespace hadal;

void hadal::addForwardPasses(OpPassManager &manager, int64_t batch, int64_t length, StringRef precision) {
  manager.addPass(createCloseShapes({batch, length}));
  manager.addPass(createExpandLayers());
  manager.addPass(createBindParameters());
  manager.addPass(createDecompose());
  // Before differentiation, so that a value that two places compute (the final norm, which the first prediction depth
  // reads as well) is differentiated once.
  manager.addPass(createCSEPass());
  if (precision != stringifyPrecision(Precision::F32))
    manager.addPass(createKeepFullPrecision());
  manager.addPass(createDecideRoundings({precision.str()}));
}
