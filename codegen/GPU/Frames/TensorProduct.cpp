//===- TensorProduct.cpp - the frame of every matrix product on tensor cores --------------------------------------===//
//
// See the header for the roles and the walk. Producer and consumers count fills of the ring through all tiles.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/TensorProduct.h"

using namespace mlir;
using namespace hadal;

TensorProduct::TensorProduct(GPUStage &stage, const TensorTiles &tiles, const ProductShape &shape)
    : tiles(tiles), shape(shape), stage(stage), k(stage.k), t(stage), resultColumns(shape.columns) {
  lhs.type = t.matrix(tiles.rows, tiles.depth, shape.lhsDepthContiguous);
  rhs.type = t.matrix(tiles.columns, tiles.depth, shape.rhsDepthContiguous);
  rhs.offset = tiles.lhsBytes();
}

void TensorProduct::emit() {
  zero = t.number(0);
  one = t.number(1);
  if (tiles.cluster > 1)
    rank = ptx::ClusterRankOp::create(k.builder, k.loc, k.builder.getI32Type());
  ring = t.ring(tiles.barrierOffset(), tiles.stages);
  t.start({ring}, {{producers(), 4 * tiles.consumers() * tiles.cluster}}, stage.maps);
  t.specialize(registers(), [&] { produce(); }, [&](Value group) { consume(group); });
  t.finish();
}

/// A multiprocessor has 65536 registers, and all threads of a launch start with as many: 168 each for three warp
/// groups, of which consumers need more. Loads alone need less than 56.
TensorKernel::Registers TensorProduct::registers() const {
  if (tiles.consumers() == 1)
    return std::nullopt;
  return std::pair<int64_t, int64_t>(56, 224);
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

void TensorProduct::forTiles(ValueRange initial, TileBody body) {
  Value first = t.div(k.truncate(stage.block()), tiles.cluster);
  SmallVector<Value> carried(initial);
  carried.append(startWalk());
  t.forReduce(first, t.number(tasks() / tiles.cluster), t.number(tiles.blocks / tiles.cluster), carried,
              [&](Value task, ValueRange values) -> SmallVector<Value> {
                SmallVector<Value> walk(values.drop_front(initial.size()));
                Place place = findTile(task, walk);
                SmallVector<Value> next = body(place, values.take_front(initial.size()));
                next.append(walk);
                return next;
              });
}

TensorProduct::Place TensorProduct::findTile(Value task, SmallVector<Value> &walk) { return findDenseTile(task); }

TensorProduct::Place TensorProduct::findDenseTile(Value task) {
  Place place;
  place.exists = t.yes();
  place.depthStart = zero;
  place.depthEnd = t.number(shape.depth);
  place.steps = t.number(llvm::divideCeil(shape.depth, tiles.depth));
  int64_t rowTasks = tiles.rowTasks / tiles.cluster, groupRows = tiles.groupRows / tiles.cluster;
  Value group = t.div(task, groupRows * tiles.columnTasks), inside = t.rem(task, groupRows * tiles.columnTasks);
  Value firstRow = t.mul(group, groupRows);
  Value size = t.min(t.number(groupRows), t.sub(t.number(rowTasks), firstRow));
  Value row = t.add(firstRow, t.rem(inside, size));
  if (rank)
    row = t.add(t.mul(row, tiles.cluster), rank);
  place.row = t.mul(row, tiles.rows);
  place.rowEnd = t.number(shape.rows);
  place.column = t.mul(t.div(inside, size), tiles.columns);
  return place;
}

//===----------------------------------------------------------------------===//
// Producer
//===----------------------------------------------------------------------===//

void TensorProduct::produce() {
  t.once([&] {
    forTiles({zero}, [&](const Place &place, ValueRange carried) -> SmallVector<Value> {
      return t.forReduce(zero, place.steps, one, {carried[0]},
                         [&](Value step, ValueRange values) -> SmallVector<Value> {
                           Value next = t.add(values[0], 1);
                           t.acquire(ring, values[0]);
                           loadTiles(place, step, values[0]);
                           return {next};
                         });
    });
  });
}

void TensorProduct::loadTiles(const Place &place, Value step, Value fill) {
  t.expect(ring, fill, (lhs.map ? tiles.lhsBytes() : 0) + (rhs.map ? tiles.rhsBytes() : 0));
  Value depth = t.add(place.depthStart, t.mul(step, tiles.depth));
  auto coordinates = [&](const Operand &operand, bool depthContiguous, Value extent) {
    SmallVector<Value> at = {operand.depthStart ? t.add(operand.depthStart, depth) : depth,
                             operand.extentStart ? t.add(operand.extentStart, extent) : extent};
    if (!depthContiguous)
      std::swap(at[0], at[1]);
    return at;
  };
  if (lhs.map) {
    SmallVector<Value> at = coordinates(lhs, shape.lhsDepthContiguous, place.row);
    if (place.lhsMatrix)
      at.insert(at.begin() + lhs.matrixDimension, place.lhsMatrix);
    t.load(lhs.map, at, tileOf(lhs, fill), ring, fill);
  }
  if (!rhs.map)
    return;
  SmallVector<Value> at = coordinates(rhs, shape.rhsDepthContiguous, place.column);
  if (place.rhsMatrix)
    at.insert(at.begin() + rhs.matrixDimension, place.rhsMatrix);
  if (!rank)
    return t.load(rhs.map, at, tileOf(rhs, fill), ring, fill);
  // Every block of the cluster brings some rows of each panel, for all.
  Value firstRow = t.mul(rank, rhs.type.rows() / tiles.cluster);
  at[1] = t.add(at[1], firstRow);
  Value all = arith::ConstantOp::create(k.builder, k.loc, k.builder.getI16IntegerAttr((1 << tiles.cluster) - 1));
  t.load(rhs.map, at, tileOf(rhs, fill), ring, fill, 0, 0, firstRow, all);
}

//===----------------------------------------------------------------------===//
// Consumers
//===----------------------------------------------------------------------===//

void TensorProduct::consume(Value group) {
  Value groupRow = t.mul(group, 64);
  forTiles({zero}, [&](const Place &place, ValueRange carried) -> SmallVector<Value> {
    beginTile(place, groupRow);
    SmallVector<Value> after =
        t.forReduce(zero, place.steps, one, {carried[0], t.zeros(tiles.columns)},
                    [&](Value step, ValueRange values) -> SmallVector<Value> {
                      Value fill = values[0];
                      t.wait(ring, fill);
                      prepareStage(place, step, fill);
                      Value sum = t.product(tileOf(lhs, fill), groupRow, tileOf(rhs, fill), Value(), values[1]);
                      // The step before this one is done: its stage is free.
                      t.waitProducts(1);
                      t.release(ring, t.add(fill, -1), tiles.cluster, t.less(zero, step));
                      return {t.add(fill, 1), sum};
                    });
    Value sum = t.waitProducts(0, after[1]).front();
    t.release(ring, t.add(after[0], -1), tiles.cluster, t.less(zero, place.steps));
    k.ifThen(place.exists, [&] { emitEpilogue(place, groupRow, sum); });
    return {after[0]};
  });
}

//===----------------------------------------------------------------------===//
// Epilogues
//===----------------------------------------------------------------------===//

/// A thread's pairs in a row of a panel: 8 columns lie between them.
static constexpr int64_t panelSteps = TensorTiles::panelColumns / 8;

bool TensorProduct::isStoredByPanels(const TypedPointer &target) const {
  return shape.columns % 8 == 0 && resultColumns % 8 == 0 && columnsAreChunks && target.element &&
         target.element.isBF16();
}

void TensorProduct::forPairs(const Place &place, Value groupRow, Value sum, ArrayRef<TypedPointer> targets,
                             ComputePair compute) {
  for (int64_t begin = 0; begin < tiles.columns / 8; begin += panelSteps) {
    SmallVector<SmallVector<Value>> halves[2];
    for (int64_t half = 0; half < 2; ++half)
      halves[half] = forBatch(place, groupRow, half, begin, sum, targets, compute);
    for (auto [number, target] : llvm::enumerate(targets)) {
      if (!isStoredByPanels(target))
        continue;
      SmallVector<Value> registers;
      for (int64_t j = 0; j < panelSteps; ++j)
        for (int64_t half = 0; half < 2; ++half)
          registers.push_back(packPair(halves[half][j][number]));
      storePanel(place, groupRow, 8 * begin, registers, target.pointer);
    }
  }
}

/// The pairs of one panel and half, of which those that do not go by panels are stored.
SmallVector<SmallVector<Value>> TensorProduct::forBatch(const Place &place, Value groupRow, int64_t half, int64_t begin,
                                                        Value sum, ArrayRef<TypedPointer> targets,
                                                        ComputePair compute) {
  bool ragged = shape.columns % tiles.columns != 0;
  Value row = t.add(t.add(place.row, groupRow), t.accumulatorRow(half));
  Value rowIsInside = t.less(row, place.rowEnd);
  Value known = t.min(row, t.add(place.rowEnd, -1));
  if (place.rowsBefore)
    known = t.add(place.rowsBefore, known);
  Pair pair;
  pair.row = t.wide(known);
  Value rowStart = k.mul(pair.row, resultColumns), firstColumn = t.add(place.column, t.accumulatorColumn());
  SmallVector<SmallVector<Value>> results;
  SmallVector<Value> elements, inside;
  for (int64_t j = begin; j < begin + panelSteps; ++j) {
    Value column = t.add(firstColumn, 8 * j);
    inside.push_back(ragged ? t.both(rowIsInside, t.less(column, t.number(shape.columns))) : rowIsInside);
    if (ragged)
      column = t.min(column, t.number(shape.columns - 2));
    pair.column = t.wide(place.columnsBefore ? t.add(place.columnsBefore, column) : column);
    pair.element = k.add(rowStart, pair.column);
    pair.sums = t.fromNumbers({t.at(sum, 4 * j + 2 * half), t.at(sum, 4 * j + 2 * half + 1)});
    elements.push_back(pair.element);
    results.push_back(compute(pair));
  }
  if (!llvm::all_of(targets, [&](const TypedPointer &target) { return isStoredByPanels(target); }))
    for (int64_t i = 0; i < panelSteps; ++i)
      k.ifThen(inside[i], [&] {
        for (auto [target, value] : llvm::zip(targets, results[i]))
          if (!isStoredByPanels(target))
            k.storeAligned(k.round(value, target.element), target.pointer, elements[i], 2);
      });
  return results;
}

Value TensorProduct::packPair(Value pair) {
  Value rounded = k.round(pair, k.builder.getBF16Type());
  Value bits = vector::BitCastOp::create(k.builder, k.loc, VectorType::get({1}, k.i32()), rounded);
  return t.at(bits, 0);
}

void TensorProduct::storePanel(const Place &place, Value groupRow, int64_t column, ValueRange registers, Value target) {
  Value panel = t.view(t.matrix(tiles.rows, tiles.panelColumns, true), tiles.panelOffset());
  auto chunkType = VectorType::get({4}, k.i32());
  t.write(t.fromNumbers(registers, k.i32()), panel, groupRow, zero);
  stage.syncWarp();
  // Eight lanes bring a row of 128 bytes, four rows at a time.
  constexpr int64_t rowsAtOnce = 4, rowsOfWarp = 16;
  Value row = t.add(groupRow, t.add(t.mul(t.div(t.groupThread, warpSize), rowsOfWarp), t.div(t.lane, 8)));
  Value inPanel = t.mul(t.rem(t.lane, 8), 8);
  SmallVector<Value> chunks;
  for (int64_t i = 0; i < rowsOfWarp; i += rowsAtOnce) {
    Value from = tile::ElementOp::create(k.builder, k.loc, panel, t.add(row, i), inPanel);
    chunks.push_back(LLVM::LoadOp::create(k.builder, k.loc, chunkType, from, /*alignment=*/16));
  }
  Value firstColumn = t.add(t.add(place.column, column), inPanel), firstRow = t.add(place.row, row);
  Value columnIsInside = t.less(firstColumn, t.number(shape.columns));
  Value memoryRow = place.rowsBefore ? t.add(place.rowsBefore, firstRow) : firstRow;
  Value memoryColumn = place.columnsBefore ? t.add(place.columnsBefore, firstColumn) : firstColumn;
  Value element = k.add(k.mul(t.wide(memoryRow), resultColumns), t.wide(memoryColumn));
  for (auto [i, chunk] : llvm::enumerate(chunks)) {
    Value isInside = t.less(t.add(firstRow, int64_t(i) * rowsAtOnce), place.rowEnd);
    if (shape.columns % tiles.columns != 0)
      isInside = t.both(isInside, columnIsInside);
    k.ifThen(isInside, [&, i = int64_t(i), chunk = chunk] {
      Value at = k.address(target, k.add(element, i * rowsAtOnce * resultColumns), k.builder.getBF16Type());
      LLVM::StoreOp::create(k.builder, k.loc, chunk, at, /*alignment=*/16);
    });
  }
  // The next panel is written where this one has been read.
  stage.syncWarp();
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

TensorMapSpec hadal::describeMatrix(unsigned argument, Type element, int64_t rows, int64_t columns, int64_t boxRows,
                                    int64_t matrices) {
  return describeMatrices(argument, element, {rows, columns, columns, matrices, rows * columns}, boxRows);
}

TensorMapSpec hadal::describeMatrices(unsigned argument, Type element, const StridedMatrices &matrices,
                                      int64_t boxRows) {
  TensorMapSpec map;
  map.argument = argument;
  map.element = element;
  map.sizes = {matrices.columns, matrices.rows};
  map.strides = {matrices.rowStride * 2};
  map.box = {64, boxRows};
  map.swizzle = ptx::Swizzle::Bytes128;
  if (matrices.matrices > 1) {
    unsigned dimension = matrices.matrixDimension();
    map.sizes.insert(map.sizes.begin() + dimension, matrices.matrices);
    map.strides.insert(map.strides.begin() + dimension - 1, matrices.matrixStride * 2);
    map.box.insert(map.box.begin() + dimension, 1);
  }
  return map;
}
