//===- ProductTiles.cpp - tile sizes of matrix products on CPUs ---------------------------------------------------===//
//
// The model counts cycles of one core for one block and multiplies by the rounds that a team of `modelledCores`
// threads needs for all blocks, with some regard for larger teams (TeamRounds.h):
//
//   register tiles   depth · max(multiply-adds, loads, latency), plus the start and the stores of each tile per depth
//                    block; tiles that hang over the edge cost as much as whole ones; where the depth is added in
//                    steps, two additions and the traffic of a tile besides for each of them
//   packing          some cycles per 64 bytes of A and of B: what waiting for memory costs, more than the copy itself
//   epilogue         some cycles per 64 bytes of C
//   codes            what it takes to make a vector of numbers of codes, for each vector of a tile's width and each
//   depth
//
// The constants are those of a core with AVX-512 at 2.7 GHz: packing's were measured (5.2 ns per 64 bytes of an operand
// of 16 MiB where rows of the depth are copied into all panels, 3 ns for reading it alone); with them the predicted
// time of the experts' products of models/bench.mlir, for two threads, is a tenth above the measured one.
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

/// Rows of products for which there are register tiles of their own: as many as a token or a few have in decoding.
constexpr int64_t fewRows = 4;

/// Register tiles with rows · vectors accumulators, the vectors of B and one broadcast in the register file. A vector
/// of 16 lanes takes one register of AVX-512, two of AVX2, four of the baseline. Of few rows, a tile as high as all of
/// them multiplies none in vain.
llvm::SmallVector<RegisterTile> registerTiles(const TargetDescription &target, int64_t rows, bool inSteps = false) {
  bool areFew = rows <= fewRows;
  if (target.vectorRegisters < 32 && target.registerLanes < 8)
    return areFew ? llvm::SmallVector<RegisterTile>{{2, 1}, {1, 1}} : llvm::SmallVector<RegisterTile>{{2, 1}};
  if (target.vectorRegisters < 32)
    return areFew ? llvm::SmallVector<RegisterTile>{{6, 1}, {4, 1}, {2, 2}, {2, 1}, {1, 2}, {1, 1}}
                  : llvm::SmallVector<RegisterTile>{{6, 1}, {4, 1}};
  llvm::SmallVector<RegisterTile> tiles{{14, 2}, {8, 3}, {8, 2}, {16, 1}};
  // In steps four rows go together (codegen/CPU/StepKernel.cpp).
  if (inSteps)
    tiles = {{16, 2}, {12, 2}, {8, 2}, {16, 1}};
  for (int64_t height = fewRows; areFew && height >= 1; height /= 2)
    for (int64_t vectors = 4; vectors >= 1; --vectors)
      tiles.push_back({height, vectors});
  return tiles;
}

/// More rows than these are many: packing what they meet is soon made up for.
constexpr int64_t mostFewRows = 64;

/// Register tiles for a B in pairs, of which each vector has two chains and a sum (codegen/CPU/PairKernel.cpp). Those
/// for few rows have all in registers, and two vectors for each number of A: with tiles of 6 x 2, 7 x 2 and 8 x 1 the
/// program generated 32 texts at a time at 0.74, 0.57 and 0.66 of the speed that it has with 4 x 2 (the shape of
/// models/v3_1b.mlir, AMD Zen 5). They are as wide as panels that the columns consist of: behind the last panel lies
/// something else.
llvm::SmallVector<RegisterTile> pairTiles(const TargetDescription &target, const ProductShape &shape) {
  llvm::SmallVector<RegisterTile> tiles{{1, 1}};
  if (target.vectorRegisters >= 32)
    tiles = {{4, 2}, {4, 1}, {2, 4}, {2, 2}, {2, 1}, {1, 8}, {1, 4}, {1, 2}, {1, 1}};
  else if (target.registerLanes >= 8)
    tiles = {{3, 1}, {2, 1}, {1, 2}, {1, 1}};
  if (target.vectorRegisters >= 32 && shape.rows > mostFewRows)
    tiles.append({{14, 1}, {7, 2}});
  llvm::erase_if(tiles, [&](RegisterTile tile) { return shape.columns % (tile.vectors * target.lanes) != 0; });
  return tiles;
}

/// Register tiles for a B in codes (codegen/CPU/CodeKernel.cpp), with one chain for each vector, or two in steps. Those
/// in steps are as few as for pairs: with 12 x 1 and 6 x 2 besides, the same 32 texts came at 0.80 of the speed in
/// int8, at 0.70 in int4, and a prompt of 512 tokens at 0.57. Panels are whole beyond the last column.
llvm::SmallVector<RegisterTile> codeTiles(const TargetDescription &target, const ProductShape &shape) {
  llvm::SmallVector<RegisterTile> tiles{{1, 1}};
  if (target.vectorRegisters >= 32 && shape.factorsAreBF16)
    tiles = {{4, 2}, {4, 1}, {2, 4}, {2, 2}, {2, 1}, {1, 8}, {1, 4}, {1, 2}, {1, 1}};
  else if (target.vectorRegisters >= 32)
    tiles = {{12, 2}, {8, 2}, {8, 1}, {4, 4}, {4, 2}, {4, 1}, {2, 8},
             {2, 4},  {2, 2}, {2, 1}, {1, 8}, {1, 4}, {1, 2}, {1, 1}};
  else if (target.registerLanes >= 8 && shape.factorsAreBF16)
    tiles = {{3, 1}, {2, 1}, {1, 2}, {1, 1}};
  else if (target.registerLanes >= 8)
    tiles = {{5, 1}, {4, 1}, {2, 2}, {2, 1}, {1, 4}, {1, 2}, {1, 1}};
  int64_t panels = llvm::divideCeil(shape.columns, codePanelColumns);
  llvm::erase_if(tiles, [&](RegisterTile tile) { return panels % tile.vectors != 0; });
  return tiles;
}

/// Cycles for a register of numbers made of codes: its instructions share the ports that multiply.
double decodingCycles(CodeFormat format) {
  switch (format) {
  case CodeFormat::Int8:
    return 1.0;
  case CodeFormat::Int4:
    return 1.5;
  case CodeFormat::FP8:
    return 2.5;
  }
  llvm_unreachable("all formats are handled");
}

llvm::SmallVector<RegisterTile> tilesOf(const TargetDescription &target, const ProductShape &shape) {
  if (shape.rhsCodes)
    return codeTiles(target, shape);
  return shape.rhsIsInPairs ? pairTiles(target, shape) : registerTiles(target, shape.rows, shape.factorsAreBF16);
}

/// The depth block of a product, and what of it a depth that is known to be shorter fills, in whole vectors or steps.
int64_t packedDepth(const ProductShape &shape) {
  if (shape.depthIsDynamic)
    return arithmetic::depthBlock;
  int64_t multiple = shape.factorsAreBF16 || shape.rhsCodes ? arithmetic::depthStep : arithmetic::lanes;
  // Nothing is packed of a B in pairs or codes: the longer its panels are read in one go, the better. A group of codes
  // lies in one block.
  int64_t deepest = (shape.rhsIsInPairs || shape.rhsCodes ? 4 : 1) * arithmetic::depthBlock;
  return std::min<int64_t>(deepest, llvm::alignTo(std::max<int64_t>(shape.depth, 1), multiple));
}

/// Bytes of a number of B as it lies in memory, or in panels that are packed; half of one counts as a whole.
int64_t bytesOfNumber(const ProductShape &shape) {
  if (shape.rhsCodes)
    return 1;
  return shape.rhsIsInPairs ? 2 : 4;
}

/// Whether B lies packed, is too large for a core's own cache, and meets so few rows that reading it is what takes
/// time: each panel is read once then.
bool meetsFewRows(const ProductShape &shape) {
  constexpr int64_t bytesInCache = 1 << 19;
  int64_t bytes = shape.columns * shape.depth * bytesOfNumber(shape);
  return shape.rhsPanel > 0 && shape.lhsDepthContiguous && shape.rows <= mostFewRows && bytes > bytesInCache;
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

/// Few rows are one block, so that B is read once.
llvm::SmallVector<int64_t> rowBlockLengths(const ProductShape &shape, int64_t tile) {
  if (meetsFewRows(shape))
    return {int64_t(llvm::alignTo(shape.rows, tile))};
  return blockLengths(shape.rows, tile, 512);
}

/// Cycles of one block: of register tiles and epilogue, of packing, and besides.
struct BlockCycles {
  double compute, packing, besides;
  double total() const { return compute + packing + besides; }
};

BlockCycles blockCycles(const ProductShape &shape, const ProductTiles &tiles, const TargetDescription &target) {
  int64_t registers = target.lanes / target.registerLanes;
  double rowTiles = double(tiles.rowBlock / tiles.rows),
         columnTiles = double(tiles.columnBlock / (tiles.vectors * target.lanes));
  double depthBlocks = double(llvm::divideCeil(shape.depth, tiles.depthBlock));
  double accumulators = double(tiles.rows * tiles.vectors * registers);
  double multiplyAdds = accumulators * double(target.registerLanes) / target.multiplyAddsPerCycle,
         loads = double(tiles.rows + tiles.vectors * registers) / 2;
  // A multiply-add begins when the one before of its chain has ended.
  constexpr double latency = 4.0;
  double perDepth = std::max({multiplyAdds, loads, latency}) + 0.25;
  double perTile = double(shape.depth) * perDepth + depthBlocks * (30.0 + 1.5 * accumulators);
  // Taking pairs apart costs the ports that multiply, about twice what two operations for a pair would: with tiles
  // of 7 x 2 a step of models/bench.mlir in bf16, 256 rows, was at 0.85 of its speed.
  if (tiles.inPairs)
    perTile += double(shape.depth) * double(tiles.vectors * registers);
  if (tiles.codes)
    perTile += double(shape.depth) * double(tiles.vectors * registers) * decodingCycles(*tiles.codes) +
               double(llvm::divideCeil(shape.depth, getCodeForm(*tiles.codes).depth)) * 1.5 * accumulators;
  if (tiles.inSteps)
    perTile += double(llvm::divideCeil(shape.depth, arithmetic::depthStep)) * (5.0 + 1.25 * accumulators);
  double micro = rowTiles * columnTiles * perTile;
  auto lines = [](int64_t count, int64_t of) { return double(count) * double(of) / 16; };
  double packLhs = lines(tiles.rowBlock, shape.depth) * (shape.lhsDepthContiguous ? 8.0 : 14.0);
  double packRhs = lines(tiles.columnBlock, shape.depth) * (shape.rhsDepthContiguous ? 16.0 : 14.0);
  if (shape.rhsPanel > 0)
    packRhs = 0;
  double epilogue = lines(tiles.rowBlock, tiles.columnBlock) * 6.0;
  return {micro + epilogue, packLhs + packRhs, 500.0};
}

} // namespace

SmallVector<ProductCandidate, 0> hadal::proposeProductTiles(const ProductShape &shape,
                                                            const TargetDescription &target) {
  int64_t lanes = target.lanes;
  // Blocks fit the caches as they would with a B in rows: its panels pass through them as well.
  ProductShape inRows = shape;
  inRows.rhsPanel = 0;
  SmallVector<ProductCandidate, 0> candidates;
  for (RegisterTile tile : tilesOf(target, shape)) {
    int64_t width = tile.vectors * lanes;
    if (shape.rhsPanel > 0 && !shape.rhsIsInPairs && !shape.rhsCodes && shape.rhsPanel != width)
      continue;
    ProductTiles tiles{
        tile.rows,      tile.vectors,       0, 0, packedDepth(shape), shape.factorsAreBF16, shape.rhsIsInPairs,
        shape.rhsCodes, meetsFewRows(shape)};
    for (int64_t rowBlock : rowBlockLengths(shape, tile.rows)) {
      for (int64_t columnBlock : blockLengths(shape.columns, width, 1024)) {
        tiles.rowBlock = rowBlock;
        tiles.columnBlock = columnBlock;
        bool smallest = rowBlock == tile.rows && columnBlock == width;
        // Pairs are half as long, and stay in the cache for the next rows where there are any.
        bool isNarrow = tiles.readsNarrowPanels(), readsInPlace = isNarrow || tiles.columnsOutside;
        int64_t bytesOfB = tiles.packedRhs(lanes) * bytesOfNumber(shape);
        bool staysInCache =
            tiles.columnsOutside || (isNarrow && rowBlock == tile.rows) || bytesOfB <= target.l2Bytes * 5 / 8;
        bool fits = staysInCache && tiles.scratch(readsInPlace ? shape : inRows, lanes) * 4 <= target.l2Bytes * 2;
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

SmallVector<Panel, 2> hadal::listPanels(const ProductShape &shape, const TargetDescription &target) {
  bool isWhole = shape.depth % arithmetic::depthBlock == 0;
  int64_t depth = isWhole ? arithmetic::depthBlock : int64_t(llvm::alignTo(shape.depth, registerTileUnroll));
  SmallVector<Panel, 2> panels;
  // Of few rows any panel is read well: they take those of many.
  for (RegisterTile tile : registerTiles(target, fewRows + 1)) {
    int64_t columns = tile.vectors * target.lanes;
    auto isSame = [&](Panel panel) { return panel.columns == columns; };
    if (arithmetic::depthBlock % columns == 0 && llvm::none_of(panels, isSame))
      panels.push_back({columns, depth});
  }
  return panels;
}

std::string hadal::findPanelFault(const ProductShape &shape, Panel panel, const TargetDescription &target) {
  auto hasWidth = [&](RegisterTile tile) { return tile.vectors * target.lanes == panel.columns; };
  if (llvm::none_of(registerTiles(target, shape.rows), hasWidth))
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
  SmallVector<RegisterTile> known = tilesOf(target, shape);
  if (llvm::none_of(known,
                    [&](RegisterTile tile) { return tile.rows == tiles.rows && tile.vectors == tiles.vectors; })) {
    InFlightDiagnostic diagnostic = emitError() << "there is no register tile of " << tiles.rows << " rows and "
                                                << tiles.vectors << " vectors on this CPU, but ";
    llvm::interleaveComma(known, diagnostic,
                          [&](RegisterTile tile) { diagnostic << tile.rows << " x " << tile.vectors; });
    return diagnostic;
  }
  if (int64_t width = tiles.vectors * target.lanes;
      shape.rhsPanel > 0 && !shape.rhsIsInPairs && !shape.rhsCodes && shape.rhsPanel != width)
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
  return {choice.getRows(),     choice.getVectors(), choice.getRowBlock(), choice.getColumnBlock(), packedDepth(shape),
          shape.factorsAreBF16, shape.rhsIsInPairs,  shape.rhsCodes,       meetsFewRows(shape)};
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
  return {0,
          0,
          rowBlock,
          columnBlock,
          depthBlock,
          /*inSteps=*/true,
          /*inPairs=*/false,
          /*codes=*/std::nullopt,
          /*columnsOutside=*/false,
          /*inTileRegisters=*/true};
}

int64_t ProductTiles::packedLhs(int64_t lanes, bool depthContiguous) const {
  if (depthContiguous)
    return (columnsOutside ? rowBlock : rows) * packedRowStride(depthBlock, lanes);
  return rowBlock / rows * int64_t(llvm::alignTo(rows, lanes)) * depthBlock;
}

int64_t ProductTiles::depthMultiple() const { return inSteps || codes ? arithmetic::depthStep : registerTileUnroll; }

int64_t ProductTiles::result(int64_t lanes, bool depthIsCut) const {
  return depthIsCut ? rowBlock * columnBlock : rows * vectors * lanes;
}

int64_t ProductTiles::scratch(const ProductShape &shape, int64_t lanes) const {
  if (inTileRegisters)
    return (rowBlock + (shape.rhsPanel != 0 ? 0 : columnBlock)) * depthBlock / 2 + rowBlock * columnBlock;
  int64_t panels = shape.rhsPanel != 0 ? 0 : packedRhs(lanes);
  return packedLhs(lanes, shape.lhsDepthContiguous) + panels + result(lanes, depthIsCut(shape));
}
