//===- BlockProduct.cpp - one block of a matrix product -----------------------------------------------------------===//
//
// The loops, from the outside in: blocks of the depth; register tiles down the rows, whose panel of A then stays in the
// first-level cache; register tiles along the columns, whose panels of B stream from the second. When the depth is cut
// into several blocks, the block of C waits in scratch between them; otherwise one register tile at a time goes through
// scratch straight to the epilogue.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/BlockProduct.h"
#include "codegen/CPU/TileProduct.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

BlockSource hadal::advanceDepth(KernelBuilder &k, BlockSource source, Value depth) {
  if (source.depthContiguous)
    source.base = at(k, source.base, depth);
  else if (source.rows.indices)
    source.rows.indices = at(k, source.rows.indices, depth);
  else
    source.base = at(k, source.base, k.mul(depth, source.rows.stride));
  return source;
}

namespace {

struct PackedPanels {
  Value base;
  int64_t panelStride;
  Value panel(KernelBuilder &k, Value number) const { return at(k, base, k.mul(number, panelStride)); }
};

/// Calls body for every vector of a register tile that lies in `result`, as far as it lies in the block: the row and
/// the column within the block, where the vector lies behind `sums`, and its mask. (row, column) is where the tile
/// starts.
void forTileVectors(KernelBuilder &k, const ProductTiles &tiles, Value result, Value row, Value column,
                    const BlockExtent &extent,
                    function_ref<void(Value row, Value column, Value sums, int64_t offset, Value mask)> body) {
  int64_t width = tiles.vectors * k.lanes;
  Value rows = k.min(k.i64(tiles.rows), k.sub(extent.rows, row));
  Value columns = k.sub(extent.columns, column);
  k.forLoop(k.i64(0), rows, 1, [&](Value r) {
    Value sums = at(k, result, k.mul(r, width));
    Value rowInBlock = k.add(row, r);
    auto emit = [&](int64_t v, Value mask) { body(rowInBlock, k.add(column, v * k.lanes), sums, v * k.lanes, mask); };
    auto emitAll = [&] {
      for (int64_t v = 0; v < tiles.vectors; ++v)
        emit(v, Value());
    };
    if (extent.columnMultiple % width == 0)
      return emitAll();
    k.ifThen(lessOrEqual(k, k.i64(width), columns), emitAll, [&] {
      for (int64_t v = 0; v < tiles.vectors; ++v) {
        k.ifThen(k.less(k.i64(v * k.lanes), columns), [&] {
          emit(v, extent.columnMultiple % k.lanes == 0 ? Value() : k.maskFor(k.sub(columns, k.i64(v * k.lanes))));
        });
      }
    });
  });
}

} // namespace

void hadal::emitBlockProduct(KernelBuilder &k, const ProductTiles &tiles, const BlockSource &lhs,
                             const BlockSource &rhs, const BlockExtent &extent, Value scratch, BlockEpilogue epilogue,
                             BlockStart start) {
  if (tiles.inTileRegisters)
    return emitTileProduct(k, tiles, lhs, rhs, extent, scratch, epilogue, start);
  int64_t width = tiles.vectors * k.lanes, storedRows = llvm::alignTo(tiles.rows, k.lanes);
  int64_t rowStride = packedRowStride(tiles.depthBlock, k.lanes);
  MicroKernel tile{tiles.rows, tiles.vectors, lhs.depthContiguous ? rowStride : 1,
                   lhs.depthContiguous ? 1 : storedRows};
  PackedPanels packedLhs{scratch, lhs.depthContiguous ? tiles.rows * rowStride : storedRows * tiles.depthBlock};
  PackedPanels packedRhs{at(k, scratch, tiles.packedLhs(k.lanes, lhs.depthContiguous)), width * tiles.depthBlock};
  Value result = rhs.isPacked() ? packedRhs.base : at(k, packedRhs.base, tiles.packedRhs(k.lanes));
  auto microKernel = tiles.inSteps ? getStepKernel(k, tile) : getMicroKernel(k, tile);
  int64_t multiple = tiles.depthMultiple();

  auto pack = [&](Value firstDepth, Value depth) {
    BlockSource a = advanceDepth(k, lhs, firstDepth);
    if (a.depthContiguous)
      packRows(k, packedLhs.base, a.base, a.rows, extent.rows, depth, tiles.rows, rowStride, multiple);
    else
      packColumns(k, packedLhs.base, a.base, a.rows, extent.rows, depth, tiles.rows, storedRows, packedLhs.panelStride,
                  multiple);
    if (rhs.isPacked())
      return;
    BlockSource b = advanceDepth(k, rhs, firstDepth);
    if (b.depthContiguous)
      packTransposed(k, packedRhs.base, b.base, b.rows, extent.columns, depth, tiles.vectors, packedRhs.panelStride,
                     multiple);
    else
      packColumns(k, packedRhs.base, b.base, b.rows, extent.columns, depth, width, width, packedRhs.panelStride,
                  multiple);
  };

  auto multiply = [&](Value firstDepth, Value depth, Value isLast) {
    Value rowTiles = ceilDiv(k, extent.rows, tiles.rows), columnTiles = ceilDiv(k, extent.columns, width);
    Value paddedDepth = roundUp(k, depth, multiple);
    PackedPanels panels = packedRhs;
    if (rhs.isPacked())
      panels = {at(k, rhs.base.pointer, k.mul(firstDepth, rhs.panelDepthStride)), rhs.panelStride};
    k.forLoop(k.i64(0), rowTiles, 1, [&](Value i) {
      k.forLoop(k.i64(0), columnTiles, 1, [&](Value j) {
        Value c = result;
        if (extent.depthIsCut)
          c = at(k, result, k.mul(k.add(k.mul(i, tiles.columnBlock / width), j), tiles.rows * width));
        Value row = k.mul(i, tiles.rows), column = k.mul(j, width), accumulate = firstDepth;
        if (start) {
          accumulate = k.i64(1);
          k.ifThen(k.equal(firstDepth, k.i64(0)), [&] {
            forTileVectors(k, tiles, c, row, column, extent, [&](Value r, Value n, Value sums, int64_t v, Value mask) {
              k.storeVector(start(r, n, mask), sums, k.i64(v));
            });
          });
        }
        callFunction(k, microKernel, {packedLhs.panel(k, i), panels.panel(k, j), c, paddedDepth, accumulate});
        auto finish = [&] {
          forTileVectors(k, tiles, c, row, column, extent, [&](Value r, Value n, Value sums, int64_t v, Value mask) {
            epilogue(r, n, k.loadVector(sums, k.i64(v)), mask);
          });
        };
        if (isLast)
          k.ifThen(isLast, finish);
        else
          finish();
      });
    });
  };

  if (!extent.depthIsCut) {
    pack(k.i64(0), extent.depth);
    multiply(k.i64(0), extent.depth, Value());
    return;
  }
  // A depth of 0 still takes one turn, which stores zeros.
  k.forLoop(k.i64(0), k.max(extent.depth, k.i64(1)), tiles.depthBlock, [&](Value firstDepth) {
    Value left = k.sub(extent.depth, firstDepth);
    Value depth = k.min(left, k.i64(tiles.depthBlock));
    pack(firstDepth, depth);
    multiply(firstDepth, depth, lessOrEqual(k, left, k.i64(tiles.depthBlock)));
  });
}
