//===- HeadBlocks.cpp - chunks and blocks of head kernels on CPUs -------------------------------------------------===//
//
// Large chunks multiply deeper products and touch the weight's gradient less often; small ones keep the logits in the
// last cache. The logits of one chunk take about `logitsBytes`: a chunk is made of whole blocks of the depth, since the
// chunks of the weight's gradient are added up in order (docs/rationale/arithmetic.md).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/HeadBlocks.h"
#include "codegen/Selection/HeadChunk.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

static constexpr int64_t logitsBytes = int64_t(32) << 20;

Candidate hadal::proposeHead(const Head &head, const TargetDescription &target, MLIRContext *context) {
  // Whole blocks of the depth of the weight's gradient: the chunk then does not show in its bits.
  int64_t chunk = chooseHeadChunk(head, logitsBytes / (4 * head.vocabulary));
  chunk = std::min(head.tokens, int64_t(llvm::alignTo(chunk, arithmetic::depthBlock)));
  int64_t chunks = llvm::divideCeil(head.tokens, chunk);

  PredictedTime time;
  auto choose = [&](const ProductShape &shape) {
    ProductCandidate product = chooseProductTiles(shape, target);
    time += product.time * double(chunks);
    return product.tiles.toChoice(context);
  };
  choices::ProductTilesAttr logits = choose(head.logits(chunk)), hidden, weight;
  if (head.hiddenGradient.exists())
    hidden = choose(head.hiddenProduct(chunk));
  if (head.weightGradient.exists())
    weight = choose(head.weightProduct(chunk));
  return {choices::HeadTilesAttr::get(context, chunk, logits, hidden, weight), time};
}

LogicalResult hadal::configureHead(const Head &head, const TargetDescription &target,
                                   KernelConfiguration &configuration, EmitError emitError) {
  auto choice = expectChoice<choices::HeadTilesAttr>(configuration, emitError);
  if (!choice || failed(checkHeadChunk(head, choice.getChunk(), emitError)))
    return failure();
  int64_t chunk = choice.getChunk(), chunks = llvm::divideCeil(head.tokens, chunk);
  SmallVector<unsigned> perChunk;
  auto addProduct = [&](StringRef name, choices::ProductTilesAttr chosen, const ProductShape &shape) -> LogicalResult {
    if (!chosen)
      return emitError() << "the field '" << name << "' is missing";
    if (failed(checkProductTiles(chosen, shape, target, emitError)))
      return failure();
    ProductTiles tiles = ProductTiles::of(chosen, shape);
    int64_t rowTasks = llvm::divideCeil(shape.rows, tiles.rowBlock);
    int64_t columnTasks = llvm::divideCeil(shape.columns, tiles.columnBlock);
    perChunk.push_back(configuration.stages.size());
    configuration.addStage(name, rowTasks * columnTasks, 1, /*withStep=*/false);
    configuration.scratch = std::max(configuration.scratch, tiles.scratch(shape, target.lanes) * 4);
    return success();
  };
  if (failed(addProduct("logits", choice.getLogits(), head.logits(chunk))))
    return failure();
  perChunk.push_back(configuration.stages.size());
  configuration.addStage("softmax", llvm::divideCeil(chunk, headRowsPerTask), 1, /*withStep=*/false);
  // The softmax keeps a number for each block of the vocabulary.
  configuration.scratch =
      std::max<int64_t>(configuration.scratch, llvm::divideCeil(head.vocabulary, arithmetic::vocabularyBlock) * 4);
  if (head.hiddenGradient.exists() &&
      failed(addProduct("hidden_gradient", choice.getHiddenGradient(), head.hiddenProduct(chunk))))
    return failure();
  if (head.weightGradient.exists() &&
      failed(addProduct("weight_gradient", choice.getWeightGradient(), head.weightProduct(chunk))))
    return failure();
  for (int64_t i = 0; i < chunks; ++i)
    for (unsigned stage : perChunk)
      configuration.steps.push_back({stage, i});
  if (head.loss.exists())
    configuration.addStage("loss", 1);
  // The logits of a chunk, then the loss of every token.
  configuration.workspace = (chunk * head.vocabulary + head.tokens) * 4;
  return success();
}
