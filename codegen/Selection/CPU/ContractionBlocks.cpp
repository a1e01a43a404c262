//===- ContractionBlocks.cpp - blocks of contraction kernels on CPUs ----------------------------------------------===//
//
// A task is a block of C. Tasks next to each other share a block of A or of B, which is then still in the cache of the
// core that packs it again: the side that is kept is the larger one, unless rows are grouped by expert, where
// neighbours share their rows so that an expert's weights are read in one go. All blocks of a batch come before those
// of the next; of experts, those with most of the depth come first (codegen/CPU/ContractionLowering.cpp).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/ContractionBlocks.h"
#include "codegen/Selection/CPU/TileBlocks.h"

using namespace mlir;
using namespace hadal;

ContractionTasks::ContractionTasks(const Contraction &contraction, const ProductTiles &tiles)
    : rows(contraction.rowTasks(tiles.rowBlock)), columns(contraction.columnTasks(tiles.columnBlock)),
      rowsFirst(contraction.grouping == ContractionGrouping::None && contraction.rows <= contraction.columns) {}

SmallVector<Candidate> hadal::proposeContraction(const Contraction &contraction, const TargetDescription &target,
                                                 MLIRContext *context) {
  SmallVector<Candidate> candidates;
  for (const ProductCandidate &product : proposeProductTiles(contraction.shape, target))
    candidates.push_back({product.tiles.toChoice(context), product.time});
  return candidates;
}

SmallVector<Candidate> hadal::proposeTileContraction(const Contraction &contraction, const TargetDescription &target,
                                                     MLIRContext *context) {
  SmallVector<Candidate> candidates;
  for (const ProductCandidate &product : proposeTileBlocks(contraction.shape, target))
    candidates.push_back(
        {choices::TileBlocksAttr::get(context, product.tiles.rowBlock, product.tiles.columnBlock), product.time});
  return candidates;
}

/// The one stage of a product in blocks of C, and its scratch memory.
static void addProduct(const Contraction &contraction, const TargetDescription &target, const ProductTiles &tiles,
                       KernelConfiguration &configuration) {
  ContractionTasks tasks(contraction, tiles);
  configuration.addStage("product", std::max<int64_t>(1, contraction.products() * tasks.rows * tasks.columns));
  configuration.scratch = tiles.scratch(contraction.shape, target.lanes) * 4;
}

LogicalResult hadal::configureContraction(const Contraction &contraction, const TargetDescription &target,
                                          KernelConfiguration &configuration, EmitError emitError) {
  auto choice = expectChoice<choices::ProductTilesAttr>(configuration, emitError);
  if (!choice || failed(checkProductTiles(choice, contraction.shape, target, emitError)))
    return failure();
  addProduct(contraction, target, ProductTiles::of(choice, contraction.shape), configuration);
  return success();
}

LogicalResult hadal::configureTileContraction(const Contraction &contraction, const TargetDescription &target,
                                              KernelConfiguration &configuration, EmitError emitError) {
  auto choice = expectChoice<choices::TileBlocksAttr>(configuration, emitError);
  if (!choice || failed(checkTileBlocks(choice, contraction.shape, target, emitError)))
    return failure();
  addProduct(contraction, target, ProductTiles::of(choice, contraction.shape), configuration);
  return success();
}
