//===- HeadBlocks.cpp - chunks and blocks of head kernels on CPUs -------------------------------------------------===//
//
// Large chunks multiply deeper products and touch the weight's gradient less often; small ones keep the logits in the
// last cache. The logits of one chunk take about `logitsBytes`: a chunk is made of whole blocks of the depth, since the
// chunks of the weight's gradient are added up in order (docs/rationale/arithmetic.md).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/HeadBlocks.h"
#include "codegen/Selection/CPU/TileBlocks.h"
#include "codegen/Selection/HeadChunk.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

static constexpr int64_t logitsBytes = int64_t(32) << 20;

HeadChoice HeadChoice::of(ChoiceInterface choice) {
  auto read = [](auto form) -> HeadChoice {
    return {form.getChunk(), form.getLogits(), form.getHiddenGradient(), form.getWeightGradient()};
  };
  if (auto onTiles = dyn_cast<choices::TileHeadAttr>(choice))
    return read(onTiles);
  return read(cast<choices::HeadTilesAttr>(choice));
}

static choices::ProductTilesAttr toChoice(const ProductTiles &tiles, choices::ProductTilesAttr, MLIRContext *context) {
  return tiles.toChoice(context);
}
static choices::TileBlocksAttr toChoice(const ProductTiles &tiles, choices::TileBlocksAttr, MLIRContext *context) {
  return choices::TileBlocksAttr::get(context, tiles.rowBlock, tiles.columnBlock);
}

/// The candidate of a form of choice, whose products have a form of their own.
template <typename Choice, typename Product>
static Candidate propose(const Head &head, MLIRContext *context,
                         function_ref<ProductCandidate(const ProductShape &)> chooseProduct) {
  // Whole blocks of the depth of the weight's gradient: the chunk then does not show in its bits.
  int64_t chunk = chooseHeadChunk(head, logitsBytes / (4 * head.vocabulary));
  chunk = std::min(head.tokens, int64_t(llvm::alignTo(chunk, arithmetic::depthBlock)));
  int64_t chunks = llvm::divideCeil(head.tokens, chunk);

  PredictedTime time;
  auto choose = [&](const ProductShape &shape) {
    ProductCandidate product = chooseProduct(shape);
    time += product.time * double(chunks);
    return toChoice(product.tiles, Product(), context);
  };
  Product logits = choose(head.logits(chunk)), hidden, weight;
  if (head.hiddenGradient.exists())
    hidden = choose(head.hiddenProduct(chunk));
  if (head.weightGradient.exists())
    weight = choose(head.weightProduct(chunk));
  return {Choice::get(context, chunk, logits, hidden, weight), time};
}

SmallVector<Candidate> hadal::proposeHead(ProductUnit unit, const Head &head, const TargetDescription &target,
                                          MLIRContext *context) {
  if (unit == ProductUnit::Registers)
    return {propose<choices::HeadTilesAttr, choices::ProductTilesAttr>(
        head, context, [&](const ProductShape &shape) { return chooseProductTiles(shape, target); })};
  return {propose<choices::TileHeadAttr, choices::TileBlocksAttr>(
      head, context, [&](const ProductShape &shape) { return chooseTileBlocks(shape, target); })};
}

/// Whether a product's tiles are right for its shape.
static LogicalResult checkTiles(ChoiceInterface tiles, const ProductShape &shape, const TargetDescription &target,
                                EmitError emitError) {
  if (auto blocks = dyn_cast<choices::TileBlocksAttr>(tiles))
    return checkTileBlocks(blocks, shape, target, emitError);
  return checkProductTiles(cast<choices::ProductTilesAttr>(tiles), shape, target, emitError);
}

LogicalResult hadal::configureHead(const Head &head, const TargetDescription &target,
                                   KernelConfiguration &configuration, EmitError emitError) {
  HeadChoice choice = HeadChoice::of(configuration.choice);
  if (failed(checkHeadChunk(head, choice.chunk, emitError)))
    return failure();
  int64_t chunk = choice.chunk, chunks = llvm::divideCeil(head.tokens, chunk);
  SmallVector<unsigned> perChunk;
  auto addProduct = [&](StringRef name, ChoiceInterface chosen, const ProductShape &shape) -> LogicalResult {
    if (!chosen)
      return emitError() << "the field '" << name << "' is missing";
    if (failed(checkTiles(chosen, shape, target, emitError)))
      return failure();
    ProductTiles tiles = ProductTiles::of(chosen, shape);
    int64_t rowTasks = llvm::divideCeil(shape.rows, tiles.rowBlock);
    int64_t columnTasks = llvm::divideCeil(shape.columns, tiles.columnBlock);
    perChunk.push_back(configuration.stages.size());
    configuration.addStage(name, rowTasks * columnTasks, 1, /*withStep=*/false);
    configuration.scratch = std::max(configuration.scratch, tiles.scratch(shape, target.lanes) * 4);
    return success();
  };
  if (failed(addProduct("logits", choice.logits, head.logits(chunk))))
    return failure();
  perChunk.push_back(configuration.stages.size());
  configuration.addStage("softmax", llvm::divideCeil(chunk, headRowsPerTask), 1, /*withStep=*/false);
  // The softmax keeps a number for each block of the vocabulary.
  configuration.scratch =
      std::max<int64_t>(configuration.scratch, llvm::divideCeil(head.vocabulary, arithmetic::vocabularyBlock) * 4);
  if (head.hiddenGradient.exists() &&
      failed(addProduct("hidden_gradient", choice.hiddenGradient, head.hiddenProduct(chunk))))
    return failure();
  if (head.weightGradient.exists() &&
      failed(addProduct("weight_gradient", choice.weightGradient, head.weightProduct(chunk))))
    return failure();
  for (int64_t i = 0; i < chunks; ++i)
    for (unsigned stage : perChunk)
      configuration.steps.push_back({stage, i});
  if (head.loss.exists())
    configuration.addStage("loss", 1);
  // The logits of a chunk, then the loss of every token, unless the logits are what is asked for.
  if (!head.logitsOfRows.exists())
    configuration.workspace = (chunk * head.vocabulary + head.tokens) * 4;
  return success();
}
