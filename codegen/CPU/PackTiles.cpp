//===- PackTiles.cpp - copies of blocks of matrices as tiles of AMX -----------------------------------------------===//
//
// As in Packing.cpp each copy is a function that all kernels of the module share.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/PackTiles.h"
#include "codegen/CPU/TileOperations.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;

namespace {

/// What a copy reads, as its body sees it.
struct TileSource {
  TypedPointer base;
  RowNumbers rows;
  Value count, depth;
};

/// Sixteen vectors of pairs that neighbour in memory: of the rows from `first` on, from `depth` on.
SmallVector<Value> loadNeighbours(KernelBuilder &k, const TileSource &source, Value first, Value depth) {
  KernelBuilder wide(k.builder, k.loc, k.target, 2 * k.lanes);
  Value mask = wide.maskFor(k.sub(source.depth, depth)), last = k.sub(source.count, k.i64(1));
  SmallVector<Value> result;
  for (int64_t i = 0; i < tileRows; ++i) {
    TypedPointer row = rowAddress(k, source.base, source.rows, k.min(k.add(first, i), last));
    Value numbers = wide.loadVector(row.pointer, depth, mask, k.builder.getI16Type());
    result.push_back(vector::BitCastOp::create(k.builder, k.loc, k.vectorOf(k.i32()), numbers));
  }
  return result;
}

/// Sixteen vectors of pairs out of two memory rows each, which number the depth: of the columns from `first` on.
SmallVector<Value> loadInterleaved(KernelBuilder &k, const TileSource &source, Value first, Value depth) {
  Value inside = k.sub(source.count, first), last = k.sub(source.depth, k.i64(1));
  auto load = [&](Value number) {
    Value mask = k.maskFor(k.select(lessOrEqual(k, number, last), inside, k.i64(0)));
    TypedPointer row = rowAddress(k, source.base, source.rows, k.min(number, last));
    Value numbers = k.loadVector(row.pointer, first, mask, k.builder.getI16Type());
    return arith::ExtUIOp::create(k.builder, k.loc, k.vectorOf(k.i32()), numbers);
  };
  SmallVector<Value> result;
  for (int64_t pair = 0; pair < tileRows; ++pair) {
    Value even = load(k.add(depth, 2 * pair)), odd = load(k.add(depth, 2 * pair + 1));
    Value high = arith::ShLIOp::create(k.builder, k.loc, odd, k.broadcast(k.i32(16)));
    result.push_back(arith::OrIOp::create(k.builder, k.loc, even, high));
  }
  return result;
}

void emitPacking(KernelBuilder &k, const TileSource &source, Value destination, Value panelBytes, bool depthContiguous,
                 bool transposed) {
  assert(k.lanes == tileRows && "a row of a tile is a vector of pairs");
  Type byte = k.builder.getI8Type();
  k.forLoop(k.i64(0), roundUp(k, source.count, 2 * tileRows), tileRows, [&](Value first) {
    Value panel = k.address(destination, k.mul(k.div(first, tileRows), panelBytes), byte);
    // Beyond the last column there is nothing to interleave: masks are empty, and the index stays inside.
    k.forLoop(k.i64(0), source.depth, arithmetic::depthStep, [&](Value depth) {
      SmallVector<Value> vectors =
          depthContiguous ? loadNeighbours(k, source, first, depth) : loadInterleaved(k, source, first, depth);
      if (transposed)
        vectors = transposeSquare(k, vectors);
      Value tile = k.address(panel, k.mul(depth, tileBytes / arithmetic::depthStep), byte);
      for (auto [row, vector] : llvm::enumerate(vectors))
        k.store(vector, tile, k.i64(int64_t(row) * tileRows));
    });
  });
}

} // namespace

void hadal::packTiles(KernelBuilder &k, TileSide side, Value destination, TypedPointer source, const RowNumbers &rows,
                      bool depthContiguous, Value count, Value depth, Value panelBytes) {
  bool transposed = depthContiguous == (side == TileSide::B);
  std::string name = llvm::formatv("hadal.pack_tiles.{0}{1}", depthContiguous ? "neighbours" : "interleaved",
                                   transposed ? ".transposed" : "");
  SmallVector<Value> arguments = {destination, source.pointer, count, depth, panelBytes, rows.stride};
  if (rows.indices) {
    name += llvm::formatv(".gathered.{0}", rows.divisor);
    arguments.push_back(rows.indices);
  }
  SmallVector<Type> types = llvm::to_vector(llvm::map_range(arguments, [](Value value) { return value.getType(); }));
  auto function = getSharedFunction(k, name, types, [&](KernelBuilder &inner, ValueRange values) {
    RowNumbers calleeRows{values[5], rows.indices ? values[6] : Value(), rows.divisor};
    TileSource block{{values[1], source.element}, calleeRows, values[2], values[3]};
    emitPacking(inner, block, values[0], values[4], depthContiguous, transposed);
  });
  callFunction(k, function, arguments);
}

void hadal::packTileRows(KernelBuilder &k, Value destination, TypedPointer source, const RowNumbers &rows, Value count,
                         Value depth, int64_t multiple, int64_t rowStride) {
  assert(!rows.indices && "rows of attention lie in order");
  Value arguments[] = {destination, source.pointer, count, depth, rows.stride};
  std::string name = llvm::formatv("hadal.pack_tile_rows.{0}.{1}", multiple, rowStride);
  SmallVector<Type> types = llvm::to_vector(ValueRange(arguments).getTypes());
  auto function = getSharedFunction(k, name, types, [&](KernelBuilder &inner, ValueRange values) {
    KernelBuilder wide(inner.builder, inner.loc, inner.target, arithmetic::depthStep);
    Type bits = inner.builder.getI16Type();
    Value last = inner.sub(values[2], inner.i64(1));
    inner.forLoop(inner.i64(0), roundUp(inner, values[2], multiple), 1, [&](Value row) {
      TypedPointer from = rowAddress(inner, {values[1], source.element}, {values[4]}, inner.min(row, last));
      Value to = inner.address(values[0], inner.mul(row, rowStride), bits);
      forVectors(wide, values[3], 1, [&](Value offset, Value mask) {
        wide.store(wide.loadVector(from.pointer, offset, mask, bits), to, offset);
      });
    });
  });
  callFunction(k, function, arguments);
}
