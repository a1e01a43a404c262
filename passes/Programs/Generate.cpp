//===- Generate.cpp - the program that generates text with a model ------------------------------------------------===//
//
// Sequences grow row by row: @prefill.C reads C tokens of a prompt, @decode.B adds one token to each of B sequences,
// @decode.B.Q several, most of them drafts, which @draft.D.decode.B makes. All yield logits, and what later rows need
// of these lies in caches that all entry points share.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/Pass/PassManager.h"
#include "passes/Programs/ModelToProgramOptions.h"
#include "passes/Programs/Programs.h"

using namespace mlir;
using namespace hadal;

static void addPasses(OpPassManager &manager, const ModelToProgramOptions &options) {
  manager.addPass(createBuildGeneration({options.maxSequence, options.maxBatch, options.prefillChunk, options.precision,
                                         options.cacheType, options.speculate, options.exact, options.weights}));
}

ProgramBuilder hadal::getGenerateProgram() {
  return {KnownProgram::Generate, "generates text", /*step=*/{}, addPasses};
}
