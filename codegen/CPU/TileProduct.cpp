//===- TileProduct.cpp - one block of a matrix product on AMX -----------------------------------------------------===//
//
// Block by block of the depth, A and, unless it lies so, B are packed as tiles, and one call multiplies all of them
// into the block of C, which waits in scratch as tiles of f32 from the first to the last. Then the epilogue gets it row
// by row.
//
// The multiplying function walks over squares of two by two tiles of C, which stay in tile registers while the depth of
// the block goes by: four loads for four products. It is emitted once for a module (TileOperations.h).
//
// A row of squares is what attention multiplies (AttentionFactors.h): its left-hand side need not be packed, and what
// C begins with is zero.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/TileProduct.h"
#include "codegen/CPU/PackTiles.h"
#include "codegen/CPU/TileOperations.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

/// The arguments of the multiplying function.
struct TileBlock {
  Value a, b, c, rowSquares, columnSquares, steps;
  /// Bytes from a panel of A to the next, from one of B, and from a row of C's tiles to the next.
  Value lhsPanelBytes, rhsPanelBytes, resultRowBytes;

  explicit TileBlock(ValueRange values)
      : a(values[0]), b(values[1]), c(values[2]), rowSquares(values[3]), columnSquares(values[4]), steps(values[5]),
        lhsPanelBytes(values[6]), rhsPanelBytes(values[7]), resultRowBytes(values[8]) {}
};

Value offset(KernelBuilder &k, Value pointer, Value bytes) { return k.address(pointer, bytes, k.builder.getI8Type()); }

/// A square of C, row by row of its tiles, after all steps. A tile of A or B is its address at step 0, and lies
/// `stepBytes` further in each step.
struct SquareFactors {
  Value a[2], b[2];
  Value stepBytesOfA, rowBytesOfA;
};
SmallVector<Value> multiplySquare(KernelBuilder &k, TileOperations &operations, const SquareFactors &square,
                                  Value steps, ValueRange sums) {
  return k.forReduce(k.i64(0), steps, 1, sums, [&](Value step, ValueRange carried) -> SmallVector<Value> {
    Value inA = k.mul(step, square.stepBytesOfA), inB = k.mul(step, tileBytes);
    auto loadA = [&](Value tile) { return operations.load(offset(k, tile, inA), square.rowBytesOfA); };
    auto loadB = [&](Value tile) { return operations.load(offset(k, tile, inB), k.i64(tileRowBytes)); };
    Value a0 = loadA(square.a[0]), b0 = loadB(square.b[0]), b1 = loadB(square.b[1]), a1 = loadA(square.a[1]);
    return {operations.multiply(carried[0], a0, b0), operations.multiply(carried[1], a0, b1),
            operations.multiply(carried[2], a1, b0), operations.multiply(carried[3], a1, b1)};
  });
}

/// C += A B for all squares of a block.
void emitSquares(KernelBuilder &k, TileOperations &operations, const TileBlock &block) {
  Value rowBytes = k.i64(tileRowBytes);
  k.forLoop(k.i64(0), block.rowSquares, 1, [&](Value i) {
    k.forLoop(k.i64(0), block.columnSquares, 1, [&](Value j) {
      SquareFactors square;
      square.stepBytesOfA = k.i64(tileBytes);
      square.rowBytesOfA = rowBytes;
      Value places[4];
      SmallVector<Value> sums;
      for (int64_t row = 0; row < 2; ++row) {
        Value rowTile = k.add(k.mul(i, 2), row), columnTile = k.add(k.mul(j, 2), row);
        square.a[row] = offset(k, block.a, k.mul(rowTile, block.lhsPanelBytes));
        square.b[row] = offset(k, block.b, k.mul(columnTile, block.rhsPanelBytes));
      }
      for (int64_t tile = 0; tile < 4; ++tile) {
        Value rowTile = k.add(k.mul(i, 2), tile / 2), columnTile = k.add(k.mul(j, 2), tile % 2);
        places[tile] = offset(k, block.c, k.add(k.mul(rowTile, block.resultRowBytes), k.mul(columnTile, tileBytes)));
        sums.push_back(operations.load(places[tile], rowBytes));
      }
      sums = multiplySquare(k, operations, square, block.steps, sums);
      for (auto [place, sum] : llvm::zip(places, sums))
        operations.store(sum, place, rowBytes);
    });
  });
}

/// The arguments of the function that multiplies a row of squares.
struct SquareRow {
  Value a, rowBytes, stepBytes, lowerBytes, b, panelBytes, c, squares, steps;
  explicit SquareRow(ValueRange values)
      : a(values[0]), rowBytes(values[1]), stepBytes(values[2]), lowerBytes(values[3]), b(values[4]),
        panelBytes(values[5]), c(values[6]), squares(values[7]), steps(values[8]) {}
};

void emitSquareRowBody(KernelBuilder &k, TileOperations &operations, const SquareRow &row, bool accumulates) {
  constexpr int64_t squareRowBytes = 2 * tileRowBytes, squareBytes = 2 * tileRows * squareRowBytes;
  Value rowBytes = k.i64(squareRowBytes);
  k.forLoop(k.i64(0), row.squares, 1, [&](Value j) {
    SquareFactors square;
    square.stepBytesOfA = row.stepBytes;
    square.rowBytesOfA = row.rowBytes;
    square.a[0] = row.a;
    square.a[1] = offset(k, row.a, row.lowerBytes);
    for (int64_t half = 0; half < 2; ++half)
      square.b[half] = offset(k, row.b, k.mul(k.add(k.mul(j, 2), half), row.panelBytes));
    Value places[4];
    SmallVector<Value> sums;
    for (int64_t tile = 0; tile < 4; ++tile) {
      int64_t inSquare = tile / 2 * tileRows * squareRowBytes + tile % 2 * tileRowBytes;
      places[tile] = offset(k, row.c, k.add(k.mul(j, squareBytes), inSquare));
      sums.push_back(accumulates ? operations.load(places[tile], rowBytes) : operations.zero());
    }
    sums = multiplySquare(k, operations, square, row.steps, sums);
    for (auto [place, sum] : llvm::zip(places, sums))
      operations.store(sum, place, rowBytes);
  });
}

/// The block of C in scratch.
struct ResultTiles {
  Value base;
  int64_t columnBlock;

  int64_t rowBytes() const { return columnBlock / tileRows * tileBytes; }
  /// Where a row's vector that begins with `column` lies.
  Value at(KernelBuilder &k, Value row, Value column) const {
    Value tile = k.add(k.mul(k.div(row, tileRows), columnBlock / tileRows), k.div(column, tileRows));
    return hadal::at(k, base, k.add(k.mul(tile, tileBytes / 4), k.mul(k.rem(row, tileRows), tileRows)));
  }
  void forVectors(KernelBuilder &k, const BlockExtent &extent,
                  function_ref<void(Value row, Value column, Value place, Value mask)> body) const {
    k.forLoop(k.i64(0), extent.rows, 1, [&](Value row) {
      hadal::forVectors(k, extent.columns, extent.columnMultiple,
                        [&](Value column, Value mask) { body(row, column, at(k, row, column), mask); });
    });
  }
};

} // namespace

void hadal::emitTileProduct(KernelBuilder &k, const ProductTiles &tiles, const BlockSource &lhs, const BlockSource &rhs,
                            const BlockExtent &extent, Value scratch, BlockEpilogue epilogue, BlockStart start) {
  assert(lhs.base.element && lhs.base.element.isBF16() && rhs.base.element && rhs.base.element.isBF16());
  int64_t panelBytes = tiles.depthBlock / arithmetic::depthStep * tileBytes, panelNumbers = panelBytes / 4;
  Value packedRhs = at(k, scratch, tiles.rowBlock / tileRows * panelNumbers);
  int64_t rhsNumbers = rhs.isPacked() ? 0 : tiles.columnBlock / tileRows * panelNumbers;
  ResultTiles result{at(k, packedRhs, rhsNumbers), tiles.columnBlock};
  Value rowSquares = ceilDiv(k, extent.rows, 2 * tileRows), columnSquares = ceilDiv(k, extent.columns, 2 * tileRows);

  k.forLoop(k.i64(0), k.mul(rowSquares, 2 * tileRows * tiles.columnBlock), k.lanes,
            [&](Value place) { k.storeVector(k.splat(0.0), result.base, place); });
  if (start)
    result.forVectors(k, extent, [&](Value row, Value column, Value place, Value mask) {
      k.storeVector(start(row, column, mask), place, k.i64(0));
    });
  k.forLoop(k.i64(0), extent.depth, tiles.depthBlock, [&](Value firstDepth) {
    Value depth = k.min(k.sub(extent.depth, firstDepth), k.i64(tiles.depthBlock));
    BlockSource a = advanceDepth(k, lhs, firstDepth);
    packTiles(k, TileSide::A, scratch, a.base, a.rows, a.depthContiguous, extent.rows, depth, k.i64(panelBytes));
    Value tilesOfB = packedRhs;
    if (rhs.isPacked()) {
      tilesOfB = at(k, rhs.base, k.mul(firstDepth, rhs.panelDepthStride)).pointer;
    } else {
      BlockSource b = advanceDepth(k, rhs, firstDepth);
      packTiles(k, TileSide::B, packedRhs, b.base, b.rows, b.depthContiguous, extent.columns, depth, k.i64(panelBytes));
    }
    int64_t rhsPanelBytes = rhs.isPacked() ? rhs.panelStride * 2 : panelBytes;
    callOnTiles(k, "hadal.tile_block",
                {scratch, tilesOfB, result.base, rowSquares, columnSquares, ceilDiv(k, depth, arithmetic::depthStep),
                 k.i64(panelBytes), k.i64(rhsPanelBytes), k.i64(result.rowBytes())},
                [](KernelBuilder &inner, TileOperations &operations, ValueRange values) {
                  emitSquares(inner, operations, TileBlock(values));
                });
  });
  result.forVectors(k, extent, [&](Value row, Value column, Value place, Value mask) {
    epilogue(row, column, k.loadVector(place, k.i64(0)), mask);
  });
}

void hadal::emitSquareRow(KernelBuilder &k, const TileRows &a, Value b, int64_t panelBytes, Value c, Value squares,
                          Value steps, bool accumulates) {
  callOnTiles(
      k, accumulates ? "hadal.tile_row.onto" : "hadal.tile_row",
      {a.base, k.i64(a.rowBytes), k.i64(a.stepBytes), k.i64(a.lowerBytes), b, k.i64(panelBytes), c, squares, steps},
      [&](KernelBuilder &inner, TileOperations &operations, ValueRange values) {
        emitSquareRowBody(inner, operations, SquareRow(values), accumulates);
      });
}
