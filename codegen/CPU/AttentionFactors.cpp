//===- AttentionFactors.cpp - the factors of attention's products -------------------------------------------------===//
//
// See the header. On AMX a tile is a square of two by two of AMX's tiles, and one call multiplies a row of squares. Its
// left-hand sides are read row by row where they lie; the gradient's transposed ones are copied, since pairs of
// neighbours along the depth have to become neighbours in memory.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AttentionFactors.h"
#include "codegen/CPU/FlushedCalls.h"
#include "codegen/CPU/PackTiles.h"
#include "codegen/CPU/TileOperations.h"
#include "codegen/CPU/TileProduct.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;

/// Bytes of a panel of AMX's tiles, of 16 rows or columns, per depth.
static constexpr int64_t panelBytesPerDepth = tileBytes / arithmetic::depthStep;

/// Words of a tile of columns from a depth to the next; on AMX, which has two panels, of one of them.
static int64_t wordsPerDepth(const AttentionTiles &tiles) {
  return tiles.inTileRegisters ? panelBytesPerDepth / 4 : tiles.width();
}

AttentionFactor AttentionFactors::fromRow(const AttentionFactor &left, Value row) {
  return {at(k, left.base, k.mul(row, tiles.leftWords(1, left.room))), left.room};
}

AttentionFactor AttentionFactors::leftFromDepth(const AttentionFactor &left, int64_t depth) {
  return {at(k, left.base, tiles.inTileRegisters ? depth / 2 : depth), left.room};
}

AttentionFactor AttentionFactors::rightFromDepth(const AttentionFactor &right, Value depth) {
  return {at(k, right.base, k.mul(depth, wordsPerDepth(tiles))), right.room};
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

void AttentionFactors::packLeft(const AttentionFactor &left, TypedPointer source, Value stride, Value count,
                                int64_t depth) {
  int64_t rowStride = tiles.leftStride(left.room);
  if (tiles.inTileRegisters)
    packTileRows(k, left.base, source, {stride}, count, k.i64(depth), tiles.rows, rowStride);
  else
    packRows(k, left.base, source, {stride}, count, k.i64(depth), tiles.rows, rowStride, tiles.depthMultiple());
}

void AttentionFactors::packRight(const AttentionFactor &right, TypedPointer source, Value stride, bool depthContiguous,
                                 Value columns, Value depth) {
  if (tiles.inTileRegisters)
    return packTiles(k, TileSide::B, right.base, source, {stride}, depthContiguous, columns, depth,
                     k.i64(right.room * panelBytesPerDepth));
  int64_t panelStride = tiles.rightWords(tiles.width(), right.room);
  if (depthContiguous)
    packTransposed(k, right.base, source, {stride}, columns, depth, tiles.vectors, panelStride, tiles.depthMultiple());
  else
    packColumns(k, right.base, source, {stride}, columns, depth, tiles.width(), tiles.width(), panelStride,
                tiles.depthMultiple());
}

void AttentionFactors::storeLeft(Value numbers, const AttentionFactor &left, Value row, Value column) {
  Type narrow = k.builder.getBF16Type();
  Value to = fromRow(left, row).base;
  if (tiles.inTileRegisters)
    return k.storeVector(numbers, TypedPointer{to, narrow}, column);
  k.storeVector(tiles.inSteps ? k.widen(k.round(numbers, narrow)) : numbers, to, column);
}

void AttentionFactors::clearDepth(const AttentionFactor &right, Value depth, int64_t columnTiles) {
  k.forLoop(k.i64(0), k.i64(columnTiles), 1, [&](Value tile) {
    AttentionFactor panel{at(k, right.base, k.mul(tile, tiles.rightWords(tiles.width(), right.room))), right.room};
    if (!tiles.inTileRegisters) {
      Value row = rightFromDepth(panel, depth).base;
      for (int64_t v = 0; v < tiles.width(); v += k.lanes)
        k.storeVector(k.splat(0.0), row, k.i64(v));
      return;
    }
    // Half of every pair of a row of tiles, in both panels.
    Value pair = k.div(depth, 2), isOdd = k.equal(k.rem(depth, 2), k.i64(1));
    Value kept = k.broadcast(k.select(isOdd, k.i32(0x0000ffff), k.i32(int32_t(0xffff0000))));
    for (int64_t half = 0; half < 2; ++half) {
      Value row = at(k, panel.base, k.add(k.mul(pair, tileRows), half * right.room * wordsPerDepth(tiles)));
      Value pairs = k.load(k.vectorOf(k.i32()), row);
      k.store(arith::AndIOp::create(k.builder, k.loc, pairs, kept).getResult(), row);
    }
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// A call of the micro-kernel for every tile of columns; in steps, all of them under one mode of arithmetic.
static void callMicroKernel(AttentionFactors &factors, const MicroKernel &tile, Value a, const AttentionFactor &right,
                            Value result, Value columnTiles, Value depth, Value accumulate) {
  KernelBuilder &k = factors.k;
  const AttentionTiles &tiles = factors.tiles;
  int64_t panel = tiles.rightWords(tiles.width(), right.room), tileElements = factors.tileElements();
  SmallVector<Value> arguments{a, right.base, result, columnTiles, depth, accumulate};
  auto callAll = [&](KernelBuilder &inner, LLVM::LLVMFuncOp kernel, ValueRange values) {
    inner.forLoop(inner.i64(0), values[3], 1, [&](Value column) {
      callFunction(inner, kernel,
                   {values[0], at(inner, values[1], inner.mul(column, panel)),
                    at(inner, values[2], inner.mul(column, tileElements)), values[4], values[5]});
    });
  };
  if (!tiles.inSteps)
    return callAll(k, getMicroKernel(k, tile), arguments);
  std::string name = llvm::formatv("hadal.step_row.{0}x{1}.{2}.{3}.{4}", tile.rows, tiles.width(), tile.rowStride,
                                   tile.depthStride, panel);
  auto row = getFlushedFunction(
      k, name, llvm::to_vector(ValueRange(arguments).getTypes()),
      [&](KernelBuilder &inner, ValueRange values) { callAll(inner, getFlushedStepKernel(inner, tile), values); });
  callFlushing(k, row, arguments);
}

void AttentionFactors::multiply(const AttentionFactor &left, const AttentionFactor &right, Value result,
                                Value columnTiles, Value depth) {
  int64_t rowStride = tiles.leftStride(left.room);
  if (!tiles.inTileRegisters)
    return callMicroKernel(*this, {tiles.rows, tiles.vectors, rowStride, 1}, left.base, right, result, columnTiles,
                           depth, k.i64(0));
  int64_t rowBytes = 2 * rowStride;
  TileRows a{left.base, rowBytes, tileRowBytes, tileRows * rowBytes};
  emitSquareRow(k, a, right.base, right.room * panelBytesPerDepth, result, columnTiles,
                k.div(depth, arithmetic::depthStep), /*accumulates=*/false);
}

AttentionFactor AttentionFactors::transpose(const AttentionFactor &left, const AttentionFactor &copy, Value rows,
                                            Value columns) {
  if (!tiles.inTileRegisters)
    return left;
  packTiles(k, TileSide::A, copy.base, {left.base, k.builder.getBF16Type()}, {k.i64(tiles.leftStride(left.room))},
            /*depthContiguous=*/false, columns, rows, k.i64(copy.room * panelBytesPerDepth));
  return copy;
}

void AttentionFactors::multiplyTransposed(const AttentionFactor &transposed, Value column, const AttentionFactor &right,
                                          Value result, int64_t columnTiles, Value depth, Value end, Value accumulate) {
  AttentionFactor b = rightFromDepth(right, depth);
  Value left = k.sub(end, depth);
  if (!tiles.inTileRegisters) {
    int64_t stride = tiles.leftStride(transposed.room);
    Value a = at(k, transposed.base, k.add(column, k.mul(depth, stride)));
    return callMicroKernel(*this, {tiles.rows, tiles.vectors, 1, stride}, a, b, result, k.i64(columnTiles), left,
                           accumulate);
  }
  k.ifThen(k.equal(accumulate, k.i64(0)), [&] {
    k.forLoop(k.i64(0), k.i64(columnTiles * tileElements()), k.lanes,
              [&](Value place) { k.storeVector(k.splat(0.0), result, place); });
  });
  int64_t panelBytes = transposed.room * panelBytesPerDepth;
  Value bytes = k.add(k.mul(k.div(column, tileRows), panelBytes), k.mul(depth, panelBytesPerDepth));
  TileRows a{k.address(transposed.base, bytes, k.builder.getI8Type()), tileRowBytes, tileBytes, panelBytes};
  emitSquareRow(k, a, b.base, b.room * panelBytesPerDepth, result, k.i64(columnTiles),
                k.div(left, arithmetic::depthStep), /*accumulates=*/true);
}

//===----------------------------------------------------------------------===//
// Rows alone
//===----------------------------------------------------------------------===//

namespace {

/// What multiplies a row by one tile of columns, as its body sees it.
struct RowProduct {
  TypedPointer row, source;
  Value stride, depth;
  SmallVector<Value> columns, masks;

  /// number · row + sum for every vector, of one depth. Behind the end both are zero.
  SmallVector<Value> add(KernelBuilder &k, Value index, ValueRange sums) const {
    Value isThere = k.less(index, depth), here = k.min(index, k.sub(depth, k.i64(1)));
    Value weight = k.broadcast(k.select(isThere, k.loadNumber(row, here), k.f32(0.0)));
    TypedPointer from = at(k, source, k.mul(here, stride));
    SmallVector<Value> next;
    for (auto [column, mask, sum] : llvm::zip(columns, masks, sums)) {
      Value numbers = k.select(isThere, k.loadVector(from, column, mask), k.splat(0.0));
      next.push_back(k.fma(weight, numbers, sum));
    }
    return next;
  }
};

/// One chain over the depth.
SmallVector<Value> emitChain(KernelBuilder &k, const RowProduct &product, ValueRange zeros) {
  return k.forReduce(k.i64(0), product.depth, 1, zeros,
                     [&](Value index, ValueRange sums) { return product.add(k, index, sums); });
}

/// In steps of two chains, as StepKernel.cpp.
SmallVector<Value> emitRowSteps(KernelBuilder &k, const RowProduct &product, ValueRange zeros) {
  return k.forReduce(k.i64(0), product.depth, arithmetic::depthStep, zeros, [&](Value step, ValueRange sums) {
    SmallVector<Value> chains[2];
    for (int64_t parity = 0; parity < 2; ++parity)
      chains[parity] =
          k.forReduce(k.i64(parity), k.i64(arithmetic::depthStep), 2, zeros,
                      [&](Value index, ValueRange chain) { return product.add(k, k.add(step, index), chain); });
    SmallVector<Value> next;
    for (auto [sum, even, odd] : llvm::zip(sums, chains[0], chains[1]))
      next.push_back(k.addf(sum, k.addf(even, odd)));
    return next;
  });
}

} // namespace

void AttentionFactors::multiplyRow(const AttentionFactor &row, TypedPointer source, Value stride, Value columns,
                                   Value depth, Value result) {
  Type element = tiles.inTileRegisters ? Type(k.builder.getBF16Type()) : k.f32();
  std::string name =
      llvm::formatv("hadal.row_product.{0}x{1}.{2}{3}{4}", tiles.rows, tiles.width(), element.isBF16() ? "bf16" : "f32",
                    source.element.isBF16() ? ".of_bf16" : "", tiles.inSteps ? ".in_steps" : "");
  SmallVector<Value> arguments{row.base, source.pointer, stride, columns, depth, result};
  SmallVector<Type> types = llvm::to_vector(llvm::map_range(arguments, [](Value value) { return value.getType(); }));
  auto body = [&, tiles = tiles](KernelBuilder &inner, ValueRange values) {
    inner.forLoop(inner.i64(0), ceilDiv(inner, values[3], tiles.width()), 1, [&](Value tile) {
      RowProduct product{{values[0], element}, {values[1], source.element}, values[2], values[4], {}, {}};
      SmallVector<Value> zeros(tiles.vectors, inner.splat(0.0));
      for (int64_t v = 0; v < tiles.vectors; ++v) {
        product.columns.push_back(inner.add(inner.mul(tile, tiles.width()), v * inner.lanes));
        product.masks.push_back(inner.maskFor(inner.sub(values[3], product.columns.back())));
      }
      SmallVector<Value> sums = tiles.inSteps ? emitRowSteps(inner, product, zeros) : emitChain(inner, product, zeros);
      Value to = at(inner, values[5], inner.mul(tile, tiles.rows * tiles.width()));
      for (auto [v, sum] : llvm::enumerate(sums))
        inner.storeVector(sum, to, inner.i64(int64_t(v) * inner.lanes));
    });
  };
  if (tiles.inSteps)
    callFlushing(k, getFlushedFunction(k, name, types, body), arguments);
  else
    callFunction(k, getSharedFunction(k, name, types, body), arguments);
}
