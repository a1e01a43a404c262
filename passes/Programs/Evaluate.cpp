//===- Evaluate.cpp - the program that scores text with a model ---------------------------------------------------===//
//
// Its one entry point, @evaluate, yields the logarithm of the probability of every target in a micro-batch, and their
// mean as training forms it. There are no gradients, no optimizer, and none of the layers that only training needs.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/Pass/PassManager.h"
#include "passes/Programs/ModelToProgramOptions.h"
#include "passes/Programs/Programs.h"

using namespace mlir;
using namespace hadal;

static void addPasses(OpPassManager &manager, const ModelToProgramOptions &options) {
  addForwardPasses(manager, options.microBatchSize, options.sequenceLength, options.precision);
  manager.addPass(createBuildEvaluation());
}

ProgramBuilder hadal::getEvaluateProgram() {
  static constexpr EntryRole step[] = {EntryRole::Evaluate};
  return {KnownProgram::Evaluate, "scores the tokens of a text", step, addPasses};
}
