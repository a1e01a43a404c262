//===- ThreadProduct.cpp - a block of a matrix product by plain threads of a GPU ----------------------------------===//
//
// A tile in shared memory has the depth slowest, so that a thread reads its rows of A and its columns of B as 16-byte
// vectors. Threads of a warp read few different vectors of either side, which shared memory hands to many lanes at
// once. Positions beyond the matrix repeat its last ones (their results are never stored); only the end of the depth
// has to be zero.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/ThreadProduct.h"
#include "dialect/PTX/PTX.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value hadal::elementAddress(KernelBuilder &k, Value pointer, Value index, Type element) {
  return LLVM::GEPOp::create(k.builder, k.loc, pointer.getType(), element, pointer, ArrayRef<LLVM::GEPArg>{index},
                             LLVM::GEPNoWrapFlags::inbounds);
}

/// The address of an f32 a fixed number of elements away.
static Value offsetAddress(KernelBuilder &k, Value pointer, int64_t index) {
  if (index == 0)
    return pointer;
  return LLVM::GEPOp::create(k.builder, k.loc, pointer.getType(), k.f32(), pointer,
                             ArrayRef<LLVM::GEPArg>{int32_t(index)}, LLVM::GEPNoWrapFlags::inbounds);
}

static Type typeOf(Type element, int64_t count) {
  return count == 1 ? element : Type(VectorType::get({count}, element));
}

Value hadal::loadAsF32(KernelBuilder &k, Value pointer, Type element, int64_t count) {
  unsigned bytes = element.getIntOrFloatBitWidth() / 8 * count;
  Value value = LLVM::LoadOp::create(k.builder, k.loc, typeOf(element, count), pointer, bytes);
  return element.isF32() ? value : arith::ExtFOp::create(k.builder, k.loc, typeOf(k.f32(), count), value);
}

void hadal::storeF32(KernelBuilder &k, Value value, Value pointer, Type element) {
  auto vector = dyn_cast<VectorType>(value.getType());
  int64_t count = vector ? vector.getNumElements() : 1;
  if (!element.isF32())
    value = arith::TruncFOp::create(k.builder, k.loc, typeOf(element, count), value);
  LLVM::StoreOp::create(k.builder, k.loc, value, pointer, unsigned(element.getIntOrFloatBitWidth() / 8 * count));
}

void hadal::emitBarrier(KernelBuilder &k, int64_t threads) {
  ptx::BarrierOp::create(k.builder, k.loc, k.i32(0), k.builder.getI32IntegerAttr(int32_t(threads)));
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

ThreadGrid::ThreadGrid(KernelBuilder &k, Value thread, int64_t rows, int64_t columns, int64_t laneColumns)
    : k(k), thread(thread), rows(rows), columns(columns) {
  // Warps side by side along the columns, then along the rows.
  int64_t laneRows = 32 / laneColumns, warpColumns = columns / laneColumns;
  Value lane = k.rem(thread, 32), warp = k.div(thread, 32);
  column = k.add(k.mul(k.rem(warp, warpColumns), laneColumns), k.rem(lane, laneColumns));
  row = k.add(k.mul(k.div(warp, warpColumns), laneRows), k.div(lane, laneColumns));
}

ThreadGrid::ThreadGrid(KernelBuilder &k, Value thread, const ThreadTiles &tiles)
    : ThreadGrid(k, thread, tiles.rows / tiles.threadRows, tiles.columns / tiles.threadColumns,
                 std::min<int64_t>(8, tiles.columns / tiles.threadColumns)) {}

//===----------------------------------------------------------------------===//
// Tiles on their way to shared memory
//===----------------------------------------------------------------------===//

TileSource hadal::matrixSource(KernelBuilder &k, Value base, Type element, Value rowStride, bool depthContiguous,
                               int64_t vector, Value extent) {
  TileSource source{element, depthContiguous, vector, extent, {}, {}, 0.0};
  source.prepare = [=, &k](Value position) -> SmallVector<Value> {
    return {elementAddress(k, base, depthContiguous ? k.mul(position, rowStride) : position, element)};
  };
  source.address = [=, &k](ValueRange prepared, Value depth) {
    return elementAddress(k, prepared[0], depthContiguous ? depth : k.mul(depth, rowStride), element);
  };
  return source;
}

TileLoader::TileLoader(KernelBuilder &k, const TileSource &source, Value thread, int64_t threads, int64_t length,
                       int64_t depth)
    : k(k), source(source), depth(depth) {
  // A unit is what one load brings. Neighbouring threads take neighbouring units.
  int64_t count = length * depth / source.vector;
  int64_t perLine = (source.depthContiguous ? depth : length) / source.vector;
  for (int64_t first = 0; first < count; first += threads) {
    Unit unit;
    Value number = k.add(thread, first);
    if (first + threads > count) {
      unit.exists = k.less(number, k.i64(count));
      number = k.min(number, k.i64(count - 1));
    }
    Value line = k.div(number, perLine), inLine = k.mul(k.rem(number, perLine), source.vector);
    unit.position = source.depthContiguous ? line : inLine;
    unit.depth = source.depthContiguous ? inLine : line;
    Value read = unit.position;
    if (source.extent)
      read = k.min(read, k.sub(source.extent, k.i64(source.depthContiguous ? 1 : source.vector)));
    unit.prepared = source.prepare(read);
    units.push_back(std::move(unit));
  }
}

SmallVector<Value> TileLoader::load(Value firstDepth, const ProductDepth &end) {
  bool whole = !end.dynamic && end.fixed % depth == 0;
  SmallVector<Value> values;
  for (Unit &unit : units) {
    Value at = k.add(firstDepth, unit.depth), inside;
    if (!whole) {
      inside = k.less(at, end.value(k));
      at = k.select(inside, at, k.i64(0));
    }
    Value value = loadAsF32(k, source.address(unit.prepared, at), source.element, source.vector);
    if (source.exists)
      value = k.select(source.exists(unit.prepared, at), value, k.constant(value.getType(), 0.0));
    if (inside)
      value = k.select(inside, value, k.constant(value.getType(), source.padding));
    values.push_back(value);
  }
  return values;
}

void TileLoader::store(ValueRange values, const SharedTile &to) {
  for (auto [unit, value] : llvm::zip(units, values)) {
    auto emit = [&, &unit = unit, value = value] {
      Value address = elementAddress(k, to.base, k.add(k.mul(unit.depth, to.stride), unit.position), k.f32());
      if (source.vector == 1 || !source.depthContiguous)
        return storeF32(k, value, address, k.f32());
      for (int64_t i = 0; i < source.vector; ++i)
        storeF32(k, vector::ExtractOp::create(k.builder, k.loc, value, ArrayRef<int64_t>{i}),
                 offsetAddress(k, address, i * to.stride), k.f32());
    };
    if (unit.exists)
      k.ifThen(unit.exists, emit);
    else
      emit();
  }
}

//===----------------------------------------------------------------------===//
// The product
//===----------------------------------------------------------------------===//

SmallVector<Value> hadal::zeroAccumulators(KernelBuilder &k, const ThreadShare &share) {
  return SmallVector<Value>(share.vectors(), k.constant(VectorType::get({threadVector}, k.f32()), 0.0));
}

namespace {

/// What a product is emitted with.
class ProductEmitter {
public:
  ProductEmitter(const ThreadGrid &grid, const ThreadShare &share, int64_t depthStep, const ProductOperand &lhs,
                 const ProductOperand &rhs, const ProductDepth &depth, Value stage, const TakesPart &takesPart)
      : k(grid.k), grid(grid), share(share), depthStep(depthStep), depth(depth), stage(stage), takesPart(takesPart) {
    addSide(lhs, grid.rows * share.rows, k.mul(grid.row, threadVector));
    // +0 · -0 = -0, which changes no sum, not even -0: how far a depth is padded does not show.
    ProductOperand columns = rhs;
    columns.source.padding = -0.0;
    addSide(columns, grid.columns * share.columns, k.mul(grid.column, threadVector));
  }

  /// A step is stored, waited for, and multiplied while the next one is fetched (the last step fetches itself again).
  /// Two buffers take turns, so the one barrier of a step also tells that the other buffer has been read. All steps go
  /// through one loop that stays a loop: in straight code, ptxas loads all fragments of several products early and
  /// computes late, and needs twice the registers.
  SmallVector<Value> emit(SmallVector<Value> accumulators) {
    SmallVector<Value> carried = loadStep(k.i64(0));
    size_t fetched = carried.size();
    carried.append(accumulators);
    // What was read from the buffers before this product.
    emitBarrier(k, grid.threads());
    Value last = depth.dynamic ? k.div(k.sub(k.max(depth.dynamic, k.i64(1)), k.i64(1)), depthStep)
                               : k.i64((std::max<int64_t>(depth.fixed, 1) - 1) / depthStep);
    carried = k.forReduce(k.i64(0), k.add(last, 1), 1, carried, [&](Value step, ValueRange carried) {
      ptx::NoUnrollOp::create(k.builder, k.loc);
      shareStep(carried.take_front(fetched), step);
      SmallVector<Value> next = loadStep(k.min(k.add(step, 1), last));
      next.append(multiply(step, carried.drop_front(fetched)));
      return next;
    });
    carried.erase(carried.begin(), carried.begin() + fetched);
    return carried;
  }

private:
  struct Side {
    SharedTile resident;
    int64_t length, offset; // of the tile; elements before it in a buffer
    Value threadOffset;
    std::optional<TileLoader> loader;
  };

  void addSide(const ProductOperand &operand, int64_t length, Value threadOffset) {
    Side side{operand.resident, length, bufferElements, threadOffset, std::nullopt};
    if (!operand.isResident()) {
      side.loader.emplace(k, operand.source, grid.thread, grid.threads(), length, depthStep);
      bufferElements += depthStep * sharedStride(length);
    }
    sides.push_back(std::move(side));
  }

  SmallVector<Value> loadStep(Value step) {
    SmallVector<Value> values;
    for (Side &side : sides)
      if (side.loader)
        values.append(side.loader->load(k.mul(step, depthStep), depth));
    return values;
  }

  /// The tile of a side that belongs to a step.
  SharedTile tile(Side &side, Value step) {
    if (!side.loader)
      return {elementAddress(k, side.resident.base, k.mul(step, depthStep * side.resident.stride), k.f32()),
              side.resident.stride};
    Value buffer = elementAddress(k, stage, k.mul(k.rem(step, 2), bufferElements), k.f32());
    return {offsetAddress(k, buffer, side.offset), sharedStride(side.length)};
  }

  /// Stores what was loaded of a step where all threads find it.
  void shareStep(ValueRange values, Value step) {
    for (Side &side : sides) {
      if (!side.loader)
        continue;
      size_t count = side.loader->size();
      side.loader->store(values.take_front(count), tile(side, step));
      values = values.drop_front(count);
    }
    emitBarrier(k, grid.threads());
  }

  SmallVector<Value> multiply(Value step, ValueRange initial) {
    SmallVector<Value> sums(initial);
    Value base[2];
    int64_t stride[2];
    for (int i = 0; i < 2; ++i) {
      SharedTile here = tile(sides[i], step);
      base[i] = elementAddress(k, here.base, sides[i].threadOffset, k.f32());
      stride[i] = here.stride;
    }
    int64_t rowPieces = share.rows / threadVector, columnPieces = share.columns / threadVector;
    for (int64_t d = 0; d < depthStep; ++d) {
      SmallVector<Value> columns;
      for (int64_t p = 0; p < columnPieces; ++p)
        columns.push_back(loadFragment(base[1], d * stride[1] + p * grid.columns * threadVector));
      for (int64_t r = 0; r < rowPieces; ++r) {
        Value rows = loadFragment(base[0], d * stride[0] + r * grid.rows * threadVector);
        for (int64_t i = 0; i < threadVector; ++i) {
          Value number = vector::ExtractOp::create(k.builder, k.loc, rows, ArrayRef<int64_t>{i});
          Value factor = vector::BroadcastOp::create(k.builder, k.loc, rows.getType(), number), counts;
          if (takesPart)
            counts = takesPart(r * threadVector + i, k.add(k.mul(step, depthStep), d));
          for (int64_t p = 0; p < columnPieces; ++p) {
            Value &sum = sums[share.index(r * threadVector + i, p)];
            Value next = k.fma(factor, columns[p], sum);
            sum = counts ? k.select(counts, next, sum) : next;
          }
        }
      }
    }
    return sums;
  }

  Value loadFragment(Value base, int64_t offset) {
    return loadAsF32(k, offsetAddress(k, base, offset), k.f32(), threadVector);
  }

  KernelBuilder &k;
  const ThreadGrid &grid;
  const ThreadShare share;
  const int64_t depthStep;
  const ProductDepth depth;
  Value stage;
  const TakesPart &takesPart;
  int64_t bufferElements = 0;
  SmallVector<Side, 2> sides;
};

} // namespace

SmallVector<Value> hadal::emitThreadProduct(const ThreadGrid &grid, const ThreadShare &share, int64_t depthStep,
                                            const ProductOperand &lhs, const ProductOperand &rhs,
                                            const ProductDepth &depth, Value stage, SmallVector<Value> accumulators,
                                            const TakesPart &takesPart) {
  return ProductEmitter(grid, share, depthStep, lhs, rhs, depth, stage, takesPart).emit(std::move(accumulators));
}

//===----------------------------------------------------------------------===//
// What becomes of the numbers
//===----------------------------------------------------------------------===//

/// Visits a thread's share of a tile that lies in shared memory row by row, `stride` elements apart: each vector of it
/// with its address.
static void forShare(const ThreadGrid &grid, const ThreadShare &share, Value tile, int64_t stride,
                     function_ref<void(int64_t vector, Value address)> body) {
  KernelBuilder &k = grid.k;
  Value offset = k.add(k.mul(grid.row, threadVector * stride), k.mul(grid.column, threadVector));
  Value mine = elementAddress(k, tile, offset, k.f32());
  for (int64_t row = 0; row < share.rows; ++row)
    for (int64_t piece = 0; piece < share.columns / threadVector; ++piece) {
      int64_t tileRow = row / threadVector * grid.rows * threadVector + row % threadVector;
      body(share.index(row, piece), offsetAddress(k, mine, tileRow * stride + piece * grid.columns * threadVector));
    }
}

namespace {

/// A block of C by one block of threads.
class TiledProduct {
public:
  TiledProduct(KernelBuilder &k, Value thread, const ThreadTiles &tiles, const TileSource &lhs, const TileSource &rhs,
               const ProductDepth &depth, Value shared, int64_t lanes)
      : k(k), tiles(tiles), lhs(lhs), rhs(rhs), depth(depth), shared(shared), lanes(lanes), grid(k, thread, tiles),
        share{tiles.threadRows, tiles.threadColumns}, isOneBlock(depthBlocks(depth.fixed) == 1) {
    result = isOneBlock ? shared : elementAddress(k, shared, k.i64(tiles.stepBytes() / 4), k.f32());
  }

  void emit(Value rowExtent, Value columnExtent, function_ref<void(Value, Value, Value)> body, StartOfSums start) {
    if (isOneBlock) {
      SmallVector<Value> sums = multiply(k.i64(0), depth);
      emitBarrier(k, grid.threads());
      store(sums);
    } else {
      // The first barrier of a product stands between this and the additions.
      if (start)
        visit(
            rowExtent, columnExtent,
            [&](Value row, Value column, Value address) { storeF32(k, start(row, column), address, k.f32()); },
            [&](Value address) {
              Type type = lanes == 1 ? k.f32() : Type(VectorType::get({lanes}, k.f32()));
              storeF32(k, k.constant(type, 0.0), address, k.f32());
            });
      addBlocks(/*toNothing=*/!start);
    }
    emitBarrier(k, grid.threads());
    visit(rowExtent, columnExtent, [&](Value row, Value column, Value address) {
      Value value = loadAsF32(k, address, k.f32(), lanes);
      if (lanes == 1)
        value = vector::BroadcastOp::create(k.builder, k.loc, VectorType::get({1}, k.f32()), value);
      body(row, column, isOneBlock && start ? k.addf(start(row, column), value) : value);
    });
  }

private:
  /// The sums of the depth from a place on.
  SmallVector<Value> multiply(Value from, const ProductDepth &depth) {
    auto shift = [&](TileSource source) {
      source.address = [address = source.address, from, &k = k](ValueRange prepared, Value depth) {
        return address(prepared, k.add(depth, from));
      };
      return source;
    };
    return emitThreadProduct(grid, share, tiles.depth, isOneBlock ? lhs : shift(lhs), isOneBlock ? rhs : shift(rhs),
                             depth, shared, zeroAccumulators(k, share));
  }

  /// A thread adds to its own share of the result alone, so that no barrier is needed.
  void addBlocks(bool toNothing) {
    constexpr int64_t block = arithmetic::depthBlock;
    // A depth of zero is a block of zeros.
    Value end = depth.dynamic ? k.max(depth.dynamic, k.i64(1)) : k.i64(depth.fixed);
    k.forLoop(k.i64(0), end, block, [&](Value from) {
      ptx::NoUnrollOp::create(k.builder, k.loc);
      ProductDepth own{block, {}};
      if (depth.dynamic || depth.fixed % block != 0)
        own.dynamic = k.min(k.i64(block), k.sub(depth.value(k), from));
      SmallVector<Value> sums = multiply(from, own);
      auto add = [&] {
        forShare(grid, share, result, tiles.columns, [&](int64_t vector, Value address) {
          Value before = loadAsF32(k, address, k.f32(), threadVector);
          storeF32(k, k.addf(before, sums[vector]), address, k.f32());
        });
      };
      if (toNothing)
        k.ifThen(k.equal(from, k.i64(0)), [&] { store(sums); }, add);
      else
        add();
    });
  }

  void store(ArrayRef<Value> sums) {
    forShare(grid, share, result, tiles.columns,
             [&](int64_t vector, Value address) { storeF32(k, sums[vector], address, k.f32()); });
  }

  /// The numbers of the result, those within the extents and, if anything, those outside: neighbouring threads take
  /// neighbouring columns.
  void visit(Value rowExtent, Value columnExtent, function_ref<void(Value row, Value column, Value address)> body,
             function_ref<void(Value address)> outside = {}) {
    k.forLoop(k.mul(grid.thread, lanes), k.i64(tiles.rows * tiles.columns), grid.threads() * lanes, [&](Value element) {
      Value row = k.div(element, tiles.columns), column = k.rem(element, tiles.columns);
      Value inside = arith::AndIOp::create(k.builder, k.loc, k.less(row, rowExtent), k.less(column, columnExtent));
      Value address = elementAddress(k, result, element, k.f32());
      auto emitOutside = [&] { outside(address); };
      k.ifThen(inside, [&] { body(row, column, address); }, outside ? function_ref<void()>(emitOutside) : nullptr);
    });
  }

  KernelBuilder &k;
  const ThreadTiles &tiles;
  const TileSource &lhs, &rhs;
  const ProductDepth depth;
  Value shared, result;
  const int64_t lanes;
  const ThreadGrid grid;
  const ThreadShare share;
  const bool isOneBlock;
};

} // namespace

void hadal::emitTiledProduct(KernelBuilder &k, Value thread, const ThreadTiles &tiles, const TileSource &lhs,
                             const TileSource &rhs, const ProductDepth &depth, Value shared, int64_t lanes,
                             Value rowExtent, Value columnExtent, function_ref<void(Value, Value, Value)> body,
                             StartOfSums start) {
  TiledProduct(k, thread, tiles, lhs, rhs, depth, shared, lanes).emit(rowExtent, columnExtent, body, start);
}
