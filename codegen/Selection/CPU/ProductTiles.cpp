//===- ProductTiles.cpp - tile sizes of matrix products on CPUs ---------------------------------------------------===//
//
// The model counts cycles of one core for one block and multiplies by the rounds that a team of `modelledCores`
// threads needs for all blocks, with some regard for larger teams (TeamRounds.h):
//
//   register tiles   depth · max(multiply-adds, loads), plus the start and the stores of each tile per block of the
//                    depth; tiles that hang over the edge cost as much as whole ones; where the depth is added in
//                    steps, two additions and the traffic of a tile besides for each of them
//   packing          a few cycles per vector of A and of B, more where B is transposed
//   epilogue         a few cycles per vector of C
//
// The block of B is read once per row of register tiles and has to stay in the second-level cache; that of A is read
// once and may come from further away. Larger blocks pack less often, smaller ones balance better and waste less at the
// edges: the minimum settles it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/ProductTiles.h"
#include "codegen/Selection/CPU/TeamRounds.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

struct RegisterTile {
  int64_t rows, vectors;
};

/// Register tiles with rows · vectors accumulators, the vectors of B and one broadcast in the register file. A vector
/// of 16 lanes takes one register of AVX-512, two of AVX2, four of the baseline.
llvm::ArrayRef<RegisterTile> registerTiles(const TargetDescription &target) {
  static const RegisterTile many[] = {{14, 2}, {8, 3}, {8, 2}, {16, 1}};
  static const RegisterTile few[] = {{6, 1}, {4, 1}};
  static const RegisterTile fewAndNarrow[] = {{2, 1}};
  if (target.vectorRegisters >= 32)
    return many;
  return target.registerLanes >= 8 ? llvm::ArrayRef(few) : llvm::ArrayRef(fewAndNarrow);
}

/// The depth block of a product, and what of it a depth that is known to be shorter fills, in whole vectors or steps.
int64_t packedDepth(const ProductShape &shape) {
  if (shape.depthIsDynamic)
    return arithmetic::depthBlock;
  int64_t multiple = shape.factorsAreBF16 ? arithmetic::depthStep : arithmetic::lanes;
  return std::min<int64_t>(arithmetic::depthBlock, llvm::alignTo(std::max<int64_t>(shape.depth, 1), multiple));
}

/// The block lengths worth trying for `length` elements in tiles of `tile`: about geometric counts of tiles, evened out
/// so that the last block is not much shorter than the others.
llvm::SmallVector<int64_t> blockLengths(int64_t length, int64_t tile, int64_t longest) {
  int64_t tiles = llvm::divideCeil(length, tile);
  llvm::SmallVector<int64_t> result;
  for (int64_t count = 1;; count += std::max<int64_t>(1, count / 4)) {
    int64_t blocks = llvm::divideCeil(tiles, count);
    int64_t block = int64_t(llvm::divideCeil(tiles, blocks)) * tile;
    if (result.empty() || result.back() != block)
      result.push_back(block);
    if (count >= tiles || count * tile >= longest)
      return result;
  }
}

/// Cycles of one block: of register tiles and epilogue, of packing, and besides.
struct BlockCycles {
  double compute, packing, besides;
  double total() const { return compute + packing + besides; }
};

BlockCycles blockCycles(const ProductShape &shape, const ProductTiles &tiles, const TargetDescription &target) {
  int64_t lanes = target.registerLanes, registers = target.lanes / lanes;
  double rowTiles = double(tiles.rowBlock / tiles.rows),
         columnTiles = double(tiles.columnBlock / (tiles.vectors * target.lanes));
  double depthBlocks = double(llvm::divideCeil(shape.depth, tiles.depthBlock));
  double multiplyAdds = double(tiles.rows * tiles.vectors * registers),
         loads = double(tiles.rows + tiles.vectors * registers);
  double perDepth = std::max(multiplyAdds, loads) + 0.5;
  double perTile = double(shape.depth) * perDepth + depthBlocks * (30.0 + 2.0 * multiplyAdds);
  if (tiles.inSteps)
    perTile += double(llvm::divideCeil(shape.depth, arithmetic::depthStep)) * (10.0 + 2.5 * multiplyAdds);
  double micro = rowTiles * columnTiles * perTile;
  double packLhs = double(tiles.rowBlock) * double(shape.depth) / double(lanes) * 2.5;
  double packRhs =
      double(tiles.columnBlock) * double(shape.depth) / double(lanes) * (shape.rhsDepthContiguous ? 6.0 : 2.5);
  double epilogue = double(tiles.rowBlock) * double(tiles.columnBlock) / double(lanes) * 4.0;
  return {micro + epilogue, packLhs + packRhs, 500.0};
}

} // namespace

SmallVector<ProductCandidate, 0> hadal::proposeProductTiles(const ProductShape &shape,
                                                            const TargetDescription &target) {
  int64_t lanes = target.lanes;
  // Where B lies packed, the tiles are those of a B in rows: what is left out then is time won.
  ProductShape inRows = shape;
  inRows.rhsPanel = 0;
  SmallVector<ProductCandidate, 0> candidates;
  for (RegisterTile tile : registerTiles(target)) {
    int64_t width = tile.vectors * lanes;
    if (shape.rhsPanel > 0 && shape.rhsPanel != width)
      continue;
    ProductTiles tiles{tile.rows, tile.vectors, 0, 0, packedDepth(shape), shape.factorsAreBF16};
    for (int64_t rowBlock : blockLengths(shape.rows, tile.rows, 512)) {
      for (int64_t columnBlock : blockLengths(shape.columns, width, 1024)) {
        tiles.rowBlock = rowBlock;
        tiles.columnBlock = columnBlock;
        bool smallest = rowBlock == tile.rows && columnBlock == width;
        bool fits = tiles.packedRhs(lanes) * 4 <= target.l2Bytes * 5 / 8 &&
                    tiles.scratch(inRows, lanes) * 4 <= target.l2Bytes * 2;
        if (!fits && !smallest)
          continue;
        int64_t blocks = shape.batches * int64_t(llvm::divideCeil(shape.rows, rowBlock)) *
                         int64_t(llvm::divideCeil(shape.columns, columnBlock));
        BlockCycles cycles = blockCycles(shape, tiles, target);
        double scale = countRounds(blocks) / target.clock;
        candidates.push_back({tiles, PredictedTime::sum(cycles.compute * scale, cycles.packing * scale,
                                                        cycles.besides * scale + target.launchSeconds())});
        // What decides is the sum of cycles, rounded once.
        candidates.back().time.total = cycles.total() * scale + target.launchSeconds();
      }
    }
  }
  return candidates;
}

ProductCandidate hadal::chooseProductTiles(const ProductShape &shape, const TargetDescription &target) {
  SmallVector<ProductCandidate, 0> candidates = proposeProductTiles(shape, target);
  return *std::min_element(candidates.begin(), candidates.end(),
                           [](const auto &a, const auto &b) { return a.time.total < b.time.total; });
}

Panel hadal::choosePanel(const ProductShape &shape, const TargetDescription &target) {
  bool isWhole = shape.depth % arithmetic::depthBlock == 0;
  return {chooseProductTiles(shape, target).tiles.vectors * target.lanes,
          isWhole ? arithmetic::depthBlock : int64_t(llvm::alignTo(shape.depth, registerTileUnroll))};
}

std::string hadal::findPanelFault(const ProductShape &shape, Panel panel, const TargetDescription &target) {
  auto hasWidth = [&](RegisterTile tile) { return tile.vectors * target.lanes == panel.columns; };
  if (llvm::none_of(registerTiles(target), hasWidth))
    return "has panels of " + std::to_string(panel.columns) + " columns, for which this CPU has no register tile";
  bool isWhole = panel.depth >= shape.depth && panel.depth % registerTileUnroll == 0;
  if (shape.depthIsDynamic || (panel.depth != arithmetic::depthBlock && !isWhole))
    return "has panels " + std::to_string(panel.depth) + " deep, which are neither blocks of the depth (" +
           std::to_string(arithmetic::depthBlock) + ") nor all of it";
  return "";
}

LogicalResult hadal::checkProductTiles(choices::ProductTilesAttr choice, const ProductShape &shape,
                                       const TargetDescription &target, EmitError emitError) {
  ProductTiles tiles = ProductTiles::of(choice, shape);
  ArrayRef<RegisterTile> known = registerTiles(target);
  if (llvm::none_of(known,
                    [&](RegisterTile tile) { return tile.rows == tiles.rows && tile.vectors == tiles.vectors; })) {
    InFlightDiagnostic diagnostic = emitError() << "there is no register tile of " << tiles.rows << " rows and "
                                                << tiles.vectors << " vectors on this CPU, but ";
    llvm::interleaveComma(known, diagnostic,
                          [&](RegisterTile tile) { diagnostic << tile.rows << " x " << tile.vectors; });
    return diagnostic;
  }
  if (int64_t width = tiles.vectors * target.lanes; shape.rhsPanel > 0 && shape.rhsPanel != width)
    return emitError() << "a right-hand side in panels of " << shape.rhsPanel
                       << " columns takes register tiles as wide, not of " << width;
  int64_t bytes = tiles.scratch(shape, target.lanes) * 4, most = target.l2Bytes * 8;
  if (bytes <= most)
    return success();
  return emitError() << "a block of " << tiles.rowBlock << " x " << tiles.columnBlock << " takes " << bytes
                     << " bytes of a thread's scratch memory, and may take " << most << ": give smaller blocks";
}

choices::ProductTilesAttr ProductTiles::toChoice(MLIRContext *context) const {
  return choices::ProductTilesAttr::get(context, rows, vectors, rowBlock, columnBlock);
}

ProductTiles ProductTiles::of(choices::ProductTilesAttr choice, const ProductShape &shape) {
  return {choice.getRows(),        choice.getVectors(), choice.getRowBlock(),
          choice.getColumnBlock(), packedDepth(shape),  shape.factorsAreBF16};
}

ProductTiles ProductTiles::of(choices::TileBlocksAttr choice, const ProductShape &shape) {
  return onTileRegisters(choice.getRowBlock(), choice.getColumnBlock(), shape);
}

ProductTiles ProductTiles::of(ChoiceInterface choice, const ProductShape &shape) {
  if (auto blocks = dyn_cast<choices::TileBlocksAttr>(choice))
    return of(blocks, shape);
  return of(cast<choices::ProductTilesAttr>(choice), shape);
}

ProductTiles ProductTiles::onTileRegisters(int64_t rowBlock, int64_t columnBlock, const ProductShape &shape) {
  // Panels of bf16 take half the memory of those of f32.
  constexpr int64_t deepest = 2 * arithmetic::depthBlock;
  int64_t depth = shape.depthIsDynamic ? deepest : std::max<int64_t>(shape.depth, 1);
  int64_t depthBlock = std::min<int64_t>(deepest, llvm::alignTo(depth, arithmetic::depthStep));
  return {0, 0, rowBlock, columnBlock, depthBlock, /*inSteps=*/true, /*inTileRegisters=*/true};
}

int64_t ProductTiles::packedLhs(int64_t lanes, bool depthContiguous) const {
  if (depthContiguous)
    return rows * packedRowStride(depthBlock, lanes);
  return rowBlock / rows * int64_t(llvm::alignTo(rows, lanes)) * depthBlock;
}

int64_t ProductTiles::depthMultiple() const { return inSteps ? arithmetic::depthStep : registerTileUnroll; }

int64_t ProductTiles::result(int64_t lanes, bool depthIsCut) const {
  return depthIsCut ? rowBlock * columnBlock : rows * vectors * lanes;
}

int64_t ProductTiles::scratch(const ProductShape &shape, int64_t lanes) const {
  if (inTileRegisters)
    return (rowBlock + columnBlock) * depthBlock / 2 + rowBlock * columnBlock;
  int64_t panels = shape.rhsPanel != 0 ? 0 : packedRhs(lanes);
  return packedLhs(lanes, shape.lhsDepthContiguous) + panels + result(lanes, depthIsCut(shape));
}
