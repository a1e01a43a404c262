//===- TensorContraction.cpp - matrix products on tensor cores ----------------------------------------------------===//
//
// bf16 × bf16, summed in f32, for compute capability 9.0. One launch, one block per multiprocessor. A block's first
// warp group produces: it keeps a ring of stages filled with tiles of A and B. The others consume: each multiplies 64
// rows of A's tile with B's tile, stage by stage, and at the end of the depth applies the kernel's elementwise
// operations to its accumulators and stores them. The producer does not wait for that: it runs ahead into the next
// tile.
//
// Every block walks over its tiles in the same static order, producer and consumers alike, so nothing is communicated
// but stages, and results do not depend on timing. The walk:
//
//  - dense: tiles in groups of `group_rows` rows of tiles, column by column within, so that tiles worked on at the same
//    time share rows and columns that the second-level cache then holds. With a cluster of two, neighbours in the rows
//    load half of B's tile each, for both.
//  - rows grouped by expert: the blocks of rows of expert 0, then of expert 1, ...; where the experts begin is known on
//    the device only, so the walk carries the expert it has reached from tile to tile.
//  - depth grouped by expert: all tiles of expert 0, then of expert 1, ...; an expert without rows has no steps, and
//    its zeros are stored. The last step of an expert reads rows of the next one: they are cleared in shared memory.
//
// Rows that a gather brings in cannot come by TMA, which has no gather on this architecture: the producers' 128 threads
// load them in chunks of 16 bytes, one step ahead in registers, and write them to the swizzled tile themselves.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Kernels/ElementwiseEmitter.h"
#include "codegen/NVPTX/NVPTXStrategies.h"
#include "codegen/NVPTX/RowGather.h"
#include "codegen/Strategies/TensorTiles.h"

using namespace mlir;
using namespace hadal;

namespace {

/// The tile of C that a block works on; numbers are i32.
struct TilePlace {
  Value row, rowEnd, column; // rows of all experts when they are grouped; those from rowEnd on are another's
  Value expert;
  Value depthStart, depthEnd, steps;
  Value exists;
};

/// A stage's tile of one operand.
struct OperandTile {
  tile::MatrixType type;
  int64_t offset = 0;
  /// The tensor map, or null when rows are gathered.
  Value map;
};

class TensorContractionEmitter {
public:
  TensorContractionEmitter(KernelOp kernel, const KernelConfiguration &configuration, GPUStage &stage)
      : kernel(kernel), contraction(*analyzeContraction(kernel)), tiles(TensorTiles::read(configuration)), stage(stage),
        k(stage.k), t(stage) {
    lhs.type = t.matrix(tiles.rows, tiles.depth, contraction.lhs.depthContiguous);
    rhs.type = t.matrix(tiles.columns, tiles.depth, contraction.rhs.depthContiguous);
    rhs.offset = tiles.lhsBytes();
    unsigned map = 0;
    if (!contraction.lhs.pairs)
      lhs.map = stage.maps[map++];
    if (!contraction.rhs.pairs)
      rhs.map = stage.maps[map++];
  }

  void emit() {
    loadNumbers();
    zero = t.number(0);
    one = t.number(1);
    if (tiles.cluster > 1)
      rank = ptx::ClusterRankOp::create(k.builder, k.loc, k.builder.getI32Type());
    ring = t.ring(tiles.barrierOffset(), tiles.stages);
    int64_t producers = (lhs.map || rhs.map ? 1 : 0) + (gathers() ? warpGroupSize : 0);
    t.start({ring}, {{producers, 4 * tiles.consumers() * tiles.cluster}}, stage.maps);
    t.specialize(
        registers(),
        [&] {
          if (gathers())
            produce();
          else
            t.once([&] { produce(); });
        },
        [&](Value group) { consume(group); });
    t.finish();
  }

private:
  bool gathers() const { return contraction.lhs.pairs || contraction.rhs.pairs; }
  bool groupsRows() const { return contraction.grouping == ContractionGrouping::Rows; }
  bool groupsDepth() const { return contraction.grouping == ContractionGrouping::Depth; }

  /// A multiprocessor has 65536 registers, and all threads of a launch start with as many: 168 each for three warp
  /// groups, of which consumers need more. Finding grouped rows takes a producer more than the 40 that would be enough
  /// for loads; gathering producers hold a step's rows.
  TensorKernel::Registers registers() const {
    if (tiles.consumers() == 1)
      return std::nullopt;
    return gathers() ? std::pair<int64_t, int64_t>(120, 192) : std::pair<int64_t, int64_t>(56, 224);
  }

  //===- The walk ---------------------------------------------------------------------------------------------------//

  Value argument(BlockArgument tensor) { return k.argument(tensor.getArgNumber()); }
  Value offset(Value expert) { return k.load(k.i32(), argument(contraction.offsets), t.wide(expert)); }

  void loadNumbers() {
    for (BlockArgument tensor : kernel.getArguments())
      if (auto type = cast<RankedTensorType>(tensor.getType()); type.getRank() == 0)
        numbers[tensor.getArgNumber()] = k.load(type.getElementType(), argument(tensor));
  }

  /// Calls `body` for every tile of this block, in order, with values carried from one to the next.
  void forTiles(ValueRange initial, function_ref<SmallVector<Value>(const TilePlace &place, ValueRange carried)> body) {
    int64_t products = groupsDepth() ? contraction.experts : 1;
    Value first = t.div(k.truncate(stage.block()), tiles.cluster);
    Value count = t.number(products * tiles.rowTasks * tiles.columnTasks / tiles.cluster);
    SmallVector<Value> carried(initial);
    // The expert that the walk over grouped rows has reached, and the blocks of rows before its own.
    if (groupsRows())
      carried.append({zero, zero});
    t.forReduce(first, count, t.number(tiles.blocks / tiles.cluster), carried,
                [&](Value task, ValueRange values) -> SmallVector<Value> {
                  SmallVector<Value> walk(values.drop_front(initial.size()));
                  TilePlace place = groupsRows() ? findGroupedRows(task, walk) : findTile(task);
                  SmallVector<Value> next = body(place, values.take_front(initial.size()));
                  next.append(walk);
                  return next;
                });
  }

  TilePlace findTile(Value task) {
    TilePlace place;
    place.exists = t.yes();
    place.expert = place.depthStart = zero;
    place.depthEnd = t.number(contraction.depth);
    int64_t rowTasks = tiles.rowTasks / tiles.cluster, groupRows = tiles.groupRows / tiles.cluster;
    if (groupsDepth()) {
      place.expert = t.div(task, rowTasks * tiles.columnTasks);
      task = t.rem(task, rowTasks * tiles.columnTasks);
      place.depthStart = offset(place.expert);
      place.depthEnd = offset(t.add(place.expert, 1));
    }
    Value group = t.div(task, groupRows * tiles.columnTasks), inside = t.rem(task, groupRows * tiles.columnTasks);
    Value firstRow = t.mul(group, groupRows);
    Value size = t.min(t.number(groupRows), t.sub(t.number(rowTasks), firstRow));
    Value row = t.add(firstRow, t.rem(inside, size));
    if (rank)
      row = t.add(t.mul(row, tiles.cluster), rank);
    place.row = t.mul(row, tiles.rows);
    place.rowEnd = t.number(contraction.rows);
    place.column = t.mul(t.div(inside, size), tiles.columns);
    place.steps = t.ceilDiv(t.sub(place.depthEnd, place.depthStart), tiles.depth);
    return place;
  }

  /// Walks on to the expert whose rows the task's block is in. Tasks are as many as there could be blocks of rows: the
  /// last ones may find none.
  TilePlace findGroupedRows(Value task, SmallVector<Value> &walk) {
    Value rowTask = t.div(task, tiles.columnTasks), experts = t.number(contraction.experts);
    auto blocksOf = [&](Value expert) {
      return t.ceilDiv(t.sub(offset(t.add(expert, 1)), offset(expert)), tiles.rows);
    };
    auto loop = scf::WhileOp::create(
        k.builder, k.loc, TypeRange{k.i32(), k.i32()}, walk,
        [&](OpBuilder &, Location, ValueRange values) {
          Value expert = values[0], before = values[1];
          // Behind the last expert there are no blocks to be counted.
          Value known = t.min(expert, t.number(contraction.experts - 1));
          Value passed = arith::CmpIOp::create(k.builder, k.loc, arith::CmpIPredicate::sge, rowTask,
                                               t.add(before, blocksOf(known)));
          scf::ConditionOp::create(k.builder, k.loc, t.both(passed, t.less(expert, experts)), values);
        },
        [&](OpBuilder &, Location, ValueRange values) {
          Value next = t.add(values[1], blocksOf(values[0]));
          scf::YieldOp::create(k.builder, k.loc, ValueRange{t.add(values[0], 1), next});
        });
    k.builder.setInsertionPointAfter(loop);
    walk.assign(loop.getResults().begin(), loop.getResults().end());
    TilePlace place;
    place.exists = t.less(walk[0], experts);
    place.expert = t.min(walk[0], t.number(contraction.experts - 1));
    place.row = t.add(offset(place.expert), t.mul(t.sub(rowTask, walk[1]), tiles.rows));
    place.rowEnd = offset(t.add(place.expert, 1));
    place.column = t.mul(t.rem(task, tiles.columnTasks), tiles.columns);
    place.depthStart = zero;
    place.depthEnd = t.number(contraction.depth);
    place.steps = k.select(place.exists, t.number(llvm::divideCeil(contraction.depth, tiles.depth)), zero);
    return place;
  }

  //===- Producer ---------------------------------------------------------------------------------------------------//

  void produce() {
    forTiles({zero}, [&](const TilePlace &place, ValueRange carried) -> SmallVector<Value> {
      std::optional<RowGather> gatherA, gatherB;
      SmallVector<Value> values = {carried[0]};
      if (contraction.lhs.pairs)
        gatherA.emplace(makeGather(contraction.lhs, lhs, place, place.row, place.rowEnd));
      if (contraction.rhs.pairs)
        gatherB.emplace(makeGather(contraction.rhs, rhs, place, place.column, t.number(contraction.columns)));
      // What is gathered is one step ahead.
      for (std::optional<RowGather> *gather : {&gatherA, &gatherB})
        if (*gather)
          values.append((*gather)->load(zero));
      SmallVector<Value> after =
          t.forReduce(zero, place.steps, one, values, [&](Value step, ValueRange values) -> SmallVector<Value> {
            Value fill = values.front();
            ValueRange held = values.drop_front();
            SmallVector<Value> next = {t.add(fill, 1)};
            for (std::optional<RowGather> *gather : {&gatherA, &gatherB})
              if (*gather)
                next.append((*gather)->load(t.add(step, 1)));
            t.acquire(ring, fill);
            if (!gathers()) {
              loadTiles(place, step, fill);
              return next;
            }
            if (lhs.map || rhs.map)
              k.ifThen(k.equal(t.thread, zero), [&] { loadTiles(place, step, fill); });
            if (gatherA) {
              gatherA->store(tileOf(lhs, fill), held.take_front(gatherA->chunks()));
              held = held.drop_front(gatherA->chunks());
            }
            if (gatherB)
              gatherB->store(tileOf(rhs, fill), held);
            t.commit(ring, fill);
            return next;
          });
      return {after.front()};
    });
  }

  RowGather makeGather(const ContractionOperand &operand, const OperandTile &tile, const TilePlace &place, Value extent,
                       Value extentEnd) {
    return RowGather(t, operand, argument(operand.tensor), argument(operand.pairs), tile.type,
                     {extent, extentEnd, place.depthStart, place.depthEnd});
  }

  Value tileOf(const OperandTile &tile, Value fill) {
    return t.ringTile(ring, fill, tile.type, tile.offset, tiles.stageBytes());
  }

  /// One thread asks TMA for the tiles of a step.
  void loadTiles(const TilePlace &place, Value step, Value fill) {
    t.expect(ring, fill, (lhs.map ? tiles.lhsBytes() : 0) + (rhs.map ? tiles.rhsBytes() : 0));
    Value depth = t.add(place.depthStart, t.mul(step, tiles.depth));
    if (lhs.map) {
      SmallVector<Value> at = {depth, place.row};
      if (!contraction.lhs.depthContiguous)
        std::swap(at[0], at[1]);
      t.load(lhs.map, at, tileOf(lhs, fill), ring, fill);
    }
    if (!rhs.map)
      return;
    SmallVector<Value> at = {depth, place.column};
    if (!contraction.rhs.depthContiguous)
      std::swap(at[0], at[1]);
    if (groupsRows() && contraction.experts > 1)
      at.push_back(place.expert);
    if (!rank)
      return t.load(rhs.map, at, tileOf(rhs, fill), ring, fill);
    // Every block of the cluster brings some rows of each panel, for all.
    Value firstRow = t.mul(rank, rhs.type.rows() / tiles.cluster);
    at[1] = t.add(at[1], firstRow);
    Value all = arith::ConstantOp::create(k.builder, k.loc, k.builder.getI16IntegerAttr((1 << tiles.cluster) - 1));
    t.load(rhs.map, at, tileOf(rhs, fill), ring, fill, 0, 0, firstRow, all);
  }

  //===- Consumers --------------------------------------------------------------------------------------------------//

  void consume(Value group) {
    Value groupRow = t.mul(group, 64);
    forTiles({zero}, [&](const TilePlace &place, ValueRange carried) -> SmallVector<Value> {
      SmallVector<Value> after =
          t.forReduce(zero, place.steps, one, {carried[0], t.zeros(tiles.columns)},
                      [&](Value step, ValueRange values) -> SmallVector<Value> {
                        Value fill = values[0];
                        t.wait(ring, fill);
                        clearTail(place, step, fill);
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

  /// The last step of an expert's depth holds rows of the next expert, or of none: makes them zeros on one side, unless
  /// a gather has done so already.
  void clearTail(const TilePlace &place, Value step, Value fill) {
    if (!groupsDepth() || gathers())
      return;
    Value left = t.sub(t.sub(place.depthEnd, place.depthStart), t.mul(step, tiles.depth));
    k.ifThen(t.less(left, t.number(tiles.depth)), [&] {
      int64_t threads = tiles.consumers() * warpGroupSize;
      tile::ClearRowsOp::create(k.builder, k.loc, tileOf(lhs, fill), left, t.add(t.thread, -warpGroupSize), threads);
      ptx::FenceProxyAsyncOp::create(k.builder, k.loc);
      ptx::BarrierOp::create(k.builder, k.loc, one, threads);
    });
  }

  //===- Epilogue ---------------------------------------------------------------------------------------------------//

  /// Applies the kernel's elementwise operations and stores. A thread holds pairs of neighbouring columns of two rows.
  /// What lies outside C, or in another expert's rows, is computed from the nearest element inside and not stored.
  /// Loads of several pairs come before their stores, so that they are under way together.
  void emitEpilogue(const TilePlace &place, Value groupRow, Value sum) {
    constexpr int64_t batch = 8;
    Value firstColumn = t.add(place.column, t.accumulatorColumn());
    for (int64_t begin = 0; begin < tiles.columns / 8; begin += batch)
      for (int64_t half = 0; half < 2; ++half) {
        Value row = t.add(t.add(place.row, groupRow), t.accumulatorRow(half));
        Value rowIsInside = t.less(row, place.rowEnd);
        Value known = t.min(row, t.add(place.rowEnd, -1));
        if (groupsDepth())
          known = t.add(t.mul(place.expert, contraction.rows), known);
        emitBatch(t.wide(known), rowIsInside, firstColumn, begin, std::min(begin + batch, tiles.columns / 8), half,
                  sum);
      }
  }

  void emitBatch(Value row, Value rowIsInside, Value firstColumn, int64_t begin, int64_t end, int64_t half, Value sum) {
    bool ragged = contraction.columns % tiles.columns != 0;
    Operation *yield = kernel.getBody().front().getTerminator();
    Value rowStart = k.mul(row, contraction.columns);
    DenseMap<Value, Value> onePerRow;
    SmallVector<SmallVector<Value>> results;
    SmallVector<Value> elements, inside;
    for (int64_t j = begin; j < end; ++j) {
      Value column = t.add(firstColumn, 8 * j);
      inside.push_back(ragged ? t.both(rowIsInside, t.less(column, t.number(contraction.columns))) : rowIsInside);
      if (ragged)
        column = t.min(column, t.number(contraction.columns - 2));
      Value pair = t.fromNumbers({t.at(sum, 4 * j + 2 * half), t.at(sum, 4 * j + 2 * half + 1)});
      elements.push_back(k.add(rowStart, t.wide(column)));
      ElementwiseEmitter emitter(k, [&](Value tensor, int64_t) -> Value {
        return leaf(tensor, pair, row, t.wide(column), elements.back(), onePerRow);
      });
      SmallVector<Value> &values = results.emplace_back();
      for (Value value : yield->getOperands())
        values.push_back(emitter.emit(value));
    }
    for (int64_t i = 0; i < end - begin; ++i)
      k.ifThen(inside[i], [&] {
        for (auto [number, value] : llvm::enumerate(results[i]))
          k.storeAligned(value, k.argument(kernel.getNumArguments() + number), elements[i], 2);
      });
  }

  /// The pair of a tensor that the epilogue does not compute.
  Value leaf(Value tensor, Value pair, Value row, Value column, Value element, DenseMap<Value, Value> &onePerRow) {
    auto type = cast<RankedTensorType>(tensor.getType());
    if (tensor == contraction.anchor->getResult(0)) {
      if (type.getElementType().isF32())
        return pair;
      return arith::TruncFOp::create(k.builder, k.loc, k.vectorOf(type.getElementType()), pair);
    }
    auto place = cast<BlockArgument>(tensor);
    if (type.getRank() == 0)
      return numbers[place.getArgNumber()];
    if (isOnePerRow(tensor)) {
      Value &known = onePerRow[tensor];
      if (!known)
        known = k.load(type.getElementType(), argument(place), row);
      return known;
    }
    int64_t all = cast<RankedTensorType>(contraction.anchor->getResult(0).getType()).getNumElements();
    bool sameForAllRows = type.getNumElements() == contraction.columns && type.getNumElements() != all;
    return k.loadAligned(type.getElementType(), argument(place), sameForAllRows ? column : element, 2);
  }

  KernelOp kernel;
  Contraction contraction;
  TensorTiles tiles;
  GPUStage &stage;
  KernelBuilder &k;
  TensorKernel t;
  OperandTile lhs, rhs;
  Value zero, one, rank, ring;
  DenseMap<unsigned, Value> numbers;
};

/// What TMA is told of an operand: a matrix, or one per expert, cut into boxes of one panel of the tile (of one block's
/// share of it). An expert's matrix is a dimension of its own, so that what is outside of it reads as zeros.
TensorMapSpec describeOperand(const ContractionOperand &operand, int64_t experts, int64_t boxRows) {
  auto type = cast<RankedTensorType>(operand.tensor.getType());
  int64_t rows = type.getNumElements() / operand.columns / experts, rowBytes = operand.columns * 2;
  TensorMapSpec map;
  map.argument = operand.tensor.getArgNumber();
  map.element = type.getElementType();
  map.sizes = {operand.columns, rows};
  map.strides = {rowBytes};
  map.box = {64, boxRows};
  map.swizzle = ptx::Swizzle::Bytes128;
  if (experts > 1) {
    map.sizes.push_back(experts);
    map.strides.push_back(rows * rowBytes);
    map.box.push_back(1);
  }
  return map;
}

class TensorContractionStrategy : public KernelStrategy {
public:
  TensorContractionStrategy() : KernelStrategy(TargetKind::NVPTX, KernelKind::Contraction, "wgmma_warp_specialized") {}

  /// TMA and chunks of 16 bytes want rows that are a multiple of them; the epilogue works on pairs of columns.
  bool serves(KernelOp kernel) const override {
    FailureOr<Contraction> contraction = analyzeContraction(kernel);
    if (failed(contraction) || contraction->columns % 2 != 0 || contraction->columns < 8)
      return false;
    auto fits = [](const ContractionOperand &operand) {
      auto type = cast<RankedTensorType>(operand.tensor.getType());
      return type.getElementType().isBF16() && operand.columns % 8 == 0;
    };
    auto stores = [](Type type) {
      Type element = getElementTypeOrSelf(type);
      return element.isF32() || element.isBF16();
    };
    return fits(contraction->lhs) && fits(contraction->rhs) && llvm::all_of(kernel.getResultTypes(), stores);
  }

  LogicalResult select(KernelOp kernel, const TargetDescription &target,
                       KernelConfiguration &configuration) const override {
    Contraction contraction = *analyzeContraction(kernel);
    TensorTiles tiles = chooseTensorTiles(contraction, target);
    tiles.record(configuration);
    StageSpec &stage = configuration.addGPUStage("product", tiles.blocks, tiles.threads(), tiles.sharedMemory());
    stage.cluster = tiles.cluster;
    if (!contraction.lhs.pairs)
      stage.maps.push_back(
          describeOperand(contraction.lhs, 1, contraction.lhs.depthContiguous ? tiles.rows : tiles.depth));
    int64_t experts = contraction.grouping == ContractionGrouping::Rows ? contraction.experts : 1;
    if (!contraction.rhs.pairs)
      stage.maps.push_back(describeOperand(
          contraction.rhs, experts, (contraction.rhs.depthContiguous ? tiles.columns : tiles.depth) / tiles.cluster));
    return success();
  }

  LogicalResult lower(KernelOp kernel, const KernelConfiguration &configuration, const TargetDescription &target,
                      OpBuilder &builder) const override {
    OwningOpRef<KernelOp> expanded = expandRowwiseOps(kernel);
    GPUStage stage(builder, kernel, configuration, 0, target, /*lanes=*/2);
    TensorContractionEmitter(*expanded, configuration, stage).emit();
    return success();
  }
};

} // namespace

void hadal::registerTensorContractionStrategy() { registerStrategy(std::make_unique<TensorContractionStrategy>()); }
