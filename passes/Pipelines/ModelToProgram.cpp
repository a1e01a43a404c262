//===- ModelToProgram.cpp - the pipeline from model to program ----------------------------------------------------===//
//
// Level 1 to level 2: `hadal-model-to-program`.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Pipelines/Pipelines.h"

using namespace mlir;
using namespace hadal;

void hadal::buildModelToProgramPipeline(OpPassManager &manager, const ModelToProgramOptions &options) {
  manager.addPass(createCheckModel({options.program, options.precision}));
  manager.addPass(createCloseShapes({options.microBatchSize, options.sequenceLength}));
  manager.addPass(createExpandLayers());
  manager.addPass(createBindParameters());
  manager.addPass(createDecompose());
  // Before differentiation, so that a value that two places compute (the final norm, which the first prediction depth
  // reads as well) is differentiated once.
  manager.addPass(createCSEPass());
  if (options.precision != "f32")
    manager.addPass(createKeepFullPrecision());
  DifferentiateOptions differentiate;
  differentiate.recompute.assign(options.recompute.begin(), options.recompute.end());
  manager.addPass(createDifferentiate(differentiate));
  manager.addPass(createBuildTrainingStep());
  manager.addPass(createLowerPrecision({options.precision}));
  manager.addNestedPass<func::FuncOp>(createEliminateDeadOperations());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void hadal::registerPipelines() {
  PassPipelineRegistration<ModelToProgramOptions>(
      "hadal-model-to-program", "from a model to the program that trains it", buildModelToProgramPipeline);
}
