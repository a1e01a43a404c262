//===- Train.cpp - the program that trains a model ----------------------------------------------------------------===//
//
// @accumulate adds the gradients of a micro-batch to what they were, @gradient_norm measures them, @update makes new
// parameters of them, and @evaluate yields the main loss of a micro-batch of validation data.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/Pass/PassManager.h"
#include "passes/Programs/ModelToProgramOptions.h"
#include "passes/Programs/Programs.h"

using namespace mlir;
using namespace hadal;

static void addPasses(OpPassManager &manager, const ModelToProgramOptions &options) {
  addForwardPasses(manager, options.microBatchSize, options.sequenceLength, options.precision);
  manager.addPass(createDifferentiate());
  manager.addPass(createBuildTrainingStep());
}

ProgramBuilder hadal::getTrainProgram() {
  static constexpr EntryRole step[] = {EntryRole::Accumulate, EntryRole::GradientNorm, EntryRole::Update};
  return {KnownProgram::Train, "trains the model", step, addPasses};
}
