//===- ModelToProgram.cpp - the pipeline from model to program ----------------------------------------------------===//
//
// Level 1 to level 2: `hadal-model-to-program`. A program's builder (passes/Programs) leads from the model to its entry
// points; what it begins with (addForwardPasses) and what stands behind it are the same for all of them: two programs
// of one model compute the same numbers.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Pipelines/Pipelines.h"
#include "passes/Programs/Programs.h"

using namespace mlir;
using namespace hadal;

void hadal::buildModelToProgramPipeline(OpPassManager &manager, const ModelToProgramOptions &options) {
  manager.addPass(createCheckModel({options.program, options.precision}));
  // An unknown program is refused by the first pass.
  if (llvm::Expected<const ProgramBuilder *> program = findProgram(options.program))
    (*program)->addPasses(manager, options);
  else
    llvm::consumeError(program.takeError());
  manager.addPass(createLowerPrecision({options.precision}));
  manager.addNestedPass<func::FuncOp>(createEliminateDeadOperations());
  // When factors are rounded, so that both forms of a head read the same values.
  manager.addPass(createShareLosses());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  // When all that reads a parameter is as it will be.
  manager.addPass(createQuantizeWeights());
}

void hadal::registerPipelines() {
  PassPipelineRegistration<ModelToProgramOptions>("hadal-model-to-program",
                                                  "from a model to a program of it: train, evaluate, generate",
                                                  buildModelToProgramPipeline);
}
