//===- TileBlocks.cpp - blocks of matrix products on AMX ----------------------------------------------------------===//
//
// The model counts cycles as that of register tiles does (ProductTiles.cpp):
//
//   squares    four products per step of the depth, under which the loads of A and B hide; loads and stores of C per
//              block of the depth
//   packing    cycles per tile of A and of B, more where pairs are interleaved or tiles transposed
//   epilogue   a few cycles per vector of C
//
// Its constants are reckoned from Intel's optimization manual (chapter on AMX) and have not been measured.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/TileBlocks.h"
#include "codegen/Selection/CPU/TeamRounds.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Rows and columns of a square of two by two tiles.
constexpr int64_t square = 32;

/// The seconds of all blocks, with the team's threads.
PredictedTime predict(const ProductShape &shape, const ProductTiles &tiles, const TargetDescription &target) {
  double rows = double(tiles.rowBlock), columns = double(tiles.columnBlock);
  double steps = double(llvm::divideCeil(shape.depth, arithmetic::depthStep));
  double depthBlocks = double(llvm::divideCeil(shape.depth, tiles.depthBlock));
  double squares = rows / square * columns / square;
  double multiply = squares * (steps * 4 * tileProductCycles + depthBlocks * 4 * (tileLoadCycles + tileStoreCycles));
  // A's neighbours along the depth are rows of tiles already; B's have to be transposed, and the other way round.
  auto packing = [&](double count, bool asItIs, bool interleaved) {
    return count / 16 * steps * ((asItIs ? 40.0 : 110.0) + (interleaved ? 60.0 : 0.0));
  };
  double packLhs = packing(rows, shape.lhsDepthContiguous, !shape.lhsDepthContiguous);
  double packRhs = shape.rhsPanel > 0 ? 0 : packing(columns, !shape.rhsDepthContiguous, !shape.rhsDepthContiguous);
  double epilogue = rows * columns / double(target.registerLanes) * 5.0;
  int64_t blocks = shape.batches * int64_t(llvm::divideCeil(shape.rows, tiles.rowBlock)) *
                   int64_t(llvm::divideCeil(shape.columns, tiles.columnBlock));
  double scale = countRounds(blocks) / target.clock;
  return PredictedTime::sum((multiply + epilogue) * scale, (packLhs + packRhs) * scale,
                            500.0 * scale + target.launchSeconds());
}

/// Lengths of blocks in whole squares: powers of two of them, and all of it.
SmallVector<int64_t> blockLengths(int64_t length, int64_t longest) {
  int64_t all = llvm::alignTo(std::max<int64_t>(length, 1), square);
  SmallVector<int64_t> result;
  for (int64_t block = square; block < all && block <= longest; block *= 2) {
    // Evened out, so that the last block is not much shorter than the others.
    int64_t blocks = llvm::divideCeil(all, block);
    int64_t even = llvm::alignTo(llvm::divideCeil(all, blocks), square);
    if (result.empty() || result.back() != even)
      result.push_back(even);
  }
  if (all <= longest && (result.empty() || result.back() != all))
    result.push_back(all);
  return result;
}

} // namespace

SmallVector<ProductCandidate, 0> hadal::proposeTileBlocks(const ProductShape &shape, const TargetDescription &target) {
  SmallVector<ProductCandidate, 0> candidates;
  for (int64_t rowBlock : blockLengths(shape.rows, 512))
    for (int64_t columnBlock : blockLengths(shape.columns, 1024)) {
      ProductTiles tiles = ProductTiles::onTileRegisters(rowBlock, columnBlock, shape);
      bool smallest = rowBlock == square && columnBlock == square;
      if (smallest || tiles.scratch(shape, target.lanes) * 4 <= target.l2Bytes * 3 / 2)
        candidates.push_back({tiles, predict(shape, tiles, target)});
    }
  return candidates;
}

ProductCandidate hadal::chooseTileBlocks(const ProductShape &shape, const TargetDescription &target) {
  SmallVector<ProductCandidate, 0> candidates = proposeTileBlocks(shape, target);
  return *llvm::min_element(candidates, [](const auto &a, const auto &b) { return a.time.total < b.time.total; });
}

LogicalResult hadal::checkTileBlocks(choices::TileBlocksAttr choice, const ProductShape &shape,
                                     const TargetDescription &target, EmitError emitError) {
  if (!target.hasTiles())
    return emitError() << "this CPU has no AMX: name one that has (sapphirerapids), or compile with --emulate-amx";
  ProductTiles tiles = ProductTiles::of(choice, shape);
  int64_t bytes = tiles.scratch(shape, target.lanes) * 4, most = target.l2Bytes * 8;
  if (bytes <= most)
    return success();
  return emitError() << "a block of " << tiles.rowBlock << " x " << tiles.columnBlock << " takes " << bytes
                     << " bytes of a thread's scratch memory, and may take " << most << ": give smaller blocks";
}
