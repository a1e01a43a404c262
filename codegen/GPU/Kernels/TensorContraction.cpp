//===- TensorContraction.cpp - contraction kernels on tensor cores ------------------------------------------------===//
//
// What a contraction adds to a product on tensor cores (TensorProduct.h): the kernel's elementwise operations on the
// sums, batches, experts, gathered rows, and factors that begin within their tensors, where their maps begin too.
//
//  - batches: all tiles of batch 0, then of batch 1, ...; which batch is a coordinate of the tensor maps. Where a batch
//    has as many rows as a number tells, tiles behind them have no steps, and are not stored.
//  - rows grouped by expert: the blocks of rows of expert 0, then of expert 1, ...; where the experts begin is known on
//    the device only, so the walk carries the expert it has reached from tile to tile.
//  - depth grouped by expert: all tiles of expert 0, then of expert 1, ...; an expert without rows has no steps, and
//    its zeros are stored. The last step of an expert reads rows of the next one: they are cleared in shared memory.
//
// Rows that a gather brings in cannot come by TMA, which has no gather on this architecture: the producers' 128 threads
// load them in chunks of 16 bytes, one step ahead in registers, and write them to the swizzled tile themselves.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Emit/ElementwiseEmitter.h"
#include "codegen/GPU/Frames/RowGather.h"
#include "codegen/GPU/Frames/TensorProduct.h"
#include "codegen/GPU/GPUStrategies.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Whether there is a matrix of this side for every batch.
bool hasMatrices(const Contraction &contraction, const ContractionOperand &operand) {
  return contraction.batches > 1 && operand.batchStride > 0;
}

/// A side of the product as matrices in memory. `extent`: rows of A, or columns of B.
StridedMatrices matricesOf(const Contraction &contraction, const ContractionOperand &operand, int64_t extent) {
  int64_t rows = operand.depthContiguous ? extent : contraction.depth;
  int64_t columns = operand.depthContiguous ? contraction.depth : extent;
  int64_t matrices = hasMatrices(contraction, operand) ? contraction.batches : 1;
  return {rows, columns, operand.columns, matrices, operand.batchStride};
}

class TensorContractionEmitter : public TensorProduct {
public:
  TensorContractionEmitter(const KernelAnatomy &anatomy, const TensorTiles &tiles, GPUStage &stage)
      : TensorProduct(stage, tiles, anatomy.contraction()->shape), kernel(anatomy.expanded()),
        contraction(*anatomy.contraction()) {
    resultColumns = contraction.resultColumns;
    columnsAreChunks = contraction.alignedColumns(8) == 8;
    lhs.matrixDimension = matricesOf(contraction, contraction.lhs, contraction.rows).matrixDimension();
    rhs.matrixDimension = matricesOf(contraction, contraction.rhs, contraction.columns).matrixDimension();
    unsigned map = 0;
    if (!contraction.lhs.pairs)
      lhs.map = stage.maps[map++];
    if (!contraction.rhs.pairs)
      rhs.map = stage.maps[map++];
    for (BlockArgument tensor : kernel.getArguments())
      if (auto type = cast<RankedTensorType>(tensor.getType()); type.getNumElements() == 1)
        numbers[tensor.getArgNumber()] = k.load(type.getElementType(), argument(tensor));
  }

private:
  bool gathers() const { return contraction.lhs.pairs || contraction.rhs.pairs; }
  bool groupsRows() const { return contraction.grouping == ContractionGrouping::Rows; }
  bool groupsDepth() const { return contraction.grouping == ContractionGrouping::Depth; }

  /// Finding grouped rows needs most of what a producer of the frame has; gathering producers hold a step's rows.
  TensorKernel::Registers registers() const override {
    if (tiles.consumers() > 1 && gathers())
      return std::pair<int64_t, int64_t>(120, 192);
    return TensorProduct::registers();
  }

  //===- The walk ---------------------------------------------------------------------------------------------------//

  Value argument(BlockArgument tensor) { return k.argument(tensor.getArgNumber()); }
  Value offset(Value expert) { return k.load(k.i32(), argument(contraction.offsets), t.wide(expert)); }
  Value rowCount(Value batch) { return k.load(k.i32(), argument(contraction.rowCounts), t.wide(batch)); }

  int64_t tasks() const override { return contraction.products() * TensorProduct::tasks(); }

  /// Over grouped rows: the expert that the walk has reached, and the blocks of rows before its own.
  SmallVector<Value> startWalk() override {
    return groupsRows() ? SmallVector<Value>{zero, zero} : SmallVector<Value>();
  }

  Place findTile(Value task, SmallVector<Value> &walk) override {
    if (groupsRows())
      return findGroupedRows(task, walk);
    if (!contraction.hasBatches())
      return upToCount(findDenseTile(task), zero);
    int64_t tilesOfBatch = tiles.rowTasks * tiles.columnTasks;
    Value batch = t.div(task, tilesOfBatch);
    if (!groupsDepth())
      return findTileOfBatch(batch, t.rem(task, tilesOfBatch));
    Value start = offset(batch), end = offset(t.add(batch, 1));
    Place place = findDenseTile(t.rem(task, tilesOfBatch));
    place.rowsBefore = t.mul(batch, contraction.batchRows);
    place.depthStart = start;
    place.depthEnd = end;
    place.steps = t.ceilDiv(t.sub(end, start), tiles.depth);
    return place;
  }

  /// A tile of a batch whose matrices lie a fixed number of elements from those of the one before.
  Place findTileOfBatch(Value batch, Value task) {
    Place place = findDenseTile(task);
    if (hasMatrices(contraction, contraction.lhs))
      place.lhsMatrix = batch;
    if (hasMatrices(contraction, contraction.rhs))
      place.rhsMatrix = batch;
    if (contraction.batchRows > 0)
      place.rowsBefore = t.mul(batch, contraction.batchRows);
    if (contraction.batchColumns > 0)
      place.columnsBefore = t.mul(batch, contraction.batchColumns);
    return upToCount(place, batch);
  }

  /// The tile without the rows that its batch does not have.
  Place upToCount(Place place, Value batch) {
    if (!contraction.rowCounts)
      return place;
    place.rowEnd = t.min(place.rowEnd, rowCount(batch));
    place.exists = t.less(place.row, place.rowEnd);
    // Blocks of a cluster load for each other: all that share a tile of B walk through it, or none.
    Value first = t.mul(t.div(place.row, tiles.rows * tiles.cluster), tiles.rows * tiles.cluster);
    place.steps = k.select(t.less(first, place.rowEnd), place.steps, zero);
    return place;
  }

  /// Walks on to the expert whose rows the task's block is in. Tasks are as many as there could be blocks of rows: the
  /// last ones may find none.
  Place findGroupedRows(Value task, SmallVector<Value> &walk) {
    Value rowTask = t.div(task, tiles.columnTasks), experts = t.number(contraction.batches);
    auto blocksOf = [&](Value expert) {
      return t.ceilDiv(t.sub(offset(t.add(expert, 1)), offset(expert)), tiles.rows);
    };
    auto loop = scf::WhileOp::create(
        k.builder, k.loc, TypeRange{k.i32(), k.i32()}, walk,
        [&](OpBuilder &, Location, ValueRange values) {
          Value expert = values[0], before = values[1];
          // Behind the last expert there are no blocks to be counted.
          Value known = t.min(expert, t.number(contraction.batches - 1));
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
    Place place;
    place.exists = t.less(walk[0], experts);
    Value expert = t.min(walk[0], t.number(contraction.batches - 1));
    place.row = t.add(offset(expert), t.mul(t.sub(rowTask, walk[1]), tiles.rows));
    place.rowEnd = offset(t.add(expert, 1));
    place.column = t.mul(t.rem(task, tiles.columnTasks), tiles.columns);
    place.depthStart = zero;
    place.depthEnd = t.number(contraction.depth);
    place.steps = k.select(place.exists, t.number(llvm::divideCeil(contraction.depth, tiles.depth)), zero);
    if (hasMatrices(contraction, contraction.rhs))
      place.rhsMatrix = expert;
    return place;
  }

  //===- Gathered rows ----------------------------------------------------------------------------------------------//

  int64_t producers() const override { return (lhs.map || rhs.map ? 1 : 0) + (gathers() ? warpGroupSize : 0); }

  void produce() override {
    if (!gathers())
      return TensorProduct::produce();
    forTiles({zero}, [&](const Place &place, ValueRange carried) -> SmallVector<Value> {
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

  RowGather makeGather(const ContractionOperand &operand, const Operand &tile, const Place &place, Value extent,
                       Value extentEnd) {
    return RowGather(t, operand, argument(operand.tensor), argument(operand.pairs), tile.type,
                     {extent, extentEnd, place.depthStart, place.depthEnd});
  }

  //===- Consumers --------------------------------------------------------------------------------------------------//

  /// The last step of an expert's depth holds rows of the next expert, or of none: makes them zeros on one side, unless
  /// a gather has done so already.
  void prepareStage(const Place &place, Value step, Value fill) override {
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

  /// Applies the kernel's elementwise operations and stores.
  void emitEpilogue(const Place &place, Value groupRow, Value sum) override {
    Operation *yield = kernel.getBody().front().getTerminator();
    SmallVector<TypedPointer> targets;
    for (unsigned number = 0; number < kernel.getNumResults(); ++number)
      targets.push_back(k.typedArgument(kernel, kernel.getNumArguments() + number));
    onePerRow.clear();
    forPairs(place, groupRow, sum, targets, [&](const Pair &pair) {
      ElementwiseEmitter emitter(k, [&](Value tensor, int64_t) { return leaf(tensor, pair); });
      SmallVector<Value> values;
      for (Value value : yield->getOperands())
        values.push_back(emitter.emit(value));
      return values;
    });
  }

  /// The pair of a tensor that the epilogue does not compute.
  Value leaf(Value tensor, const Pair &pair) {
    auto type = cast<RankedTensorType>(tensor.getType());
    if (tensor == contraction.anchor->getResult(0)) {
      if (type.getElementType().isF32())
        return pair.sums;
      return arith::TruncFOp::create(k.builder, k.loc, k.vectorOf(type.getElementType()), pair.sums);
    }
    auto place = cast<BlockArgument>(tensor);
    if (type.getNumElements() == 1)
      return numbers[place.getArgNumber()];
    if (isOnePerRow(tensor)) {
      Value &known = onePerRow[{tensor, pair.row}];
      if (!known)
        known = k.load(type.getElementType(), argument(place), pair.row);
      return known;
    }
    bool isShared = contraction.access(tensor) == Access::SharedRow;
    return k.loadAligned(type.getElementType(), argument(place), isShared ? pair.column : pair.element, 2);
  }

  KernelOp kernel;
  const Contraction &contraction;
  DenseMap<unsigned, Value> numbers;
  /// Numbers that a row has one of, as they have been loaded.
  DenseMap<std::pair<Value, Value>, Value> onePerRow;
};

/// What stands in the way of tensor cores; empty when nothing does. TMA and chunks of 16 bytes want rows, and batches,
/// that are a multiple of them apart, and the smaller of both strides to divide the larger; the epilogue works on pairs
/// of columns.
std::string findObstacle(const Contraction &contraction, KernelOp kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto check = [&](StringRef name, const ContractionOperand &operand) {
    Type element = getElementTypeOrSelf(operand.tensor.getType());
    if (!element.isBF16())
      stream << name << " is " << element << ", and tensor cores multiply bf16; ";
    else if (operand.columns == 0 || operand.columns % 8 != 0 || operand.batchStride % 8 != 0 || operand.start % 8 != 0)
      stream << name << " has rows of " << operand.columns << " numbers"
             << (operand.batchStride % 8 != 0 ? " and batches " + std::to_string(operand.batchStride) + " apart" : "")
             << (operand.start % 8 != 0 ? " and begins at number " + std::to_string(operand.start) : "")
             << ", and TMA wants multiples of 8; ";
    auto [smaller, larger] = std::minmax(operand.columns, operand.batchStride);
    if (smaller > 0 && larger % smaller != 0)
      stream << name << " has rows " << operand.columns << " and batches " << operand.batchStride
             << " numbers apart, and TMA wants one to divide the other; ";
  };
  check("A", contraction.lhs);
  check("B", contraction.rhs);
  if (contraction.rhs.isPacked())
    stream << "B lies in panels, and TMA reads rows; ";
  if (contraction.columns % 2 != 0 || contraction.columns < 8 || contraction.alignedColumns(2) != 2)
    stream << "the product has " << contraction.columns << " columns, and tensor cores make at least 8, in pairs; ";
  if (contraction.rowStep != 1)
    stream << "rows of the product are not neighbours in the result; ";
  if (contraction.hasBatches() && (contraction.lhs.pairs || contraction.rhs.pairs) &&
      contraction.grouping == ContractionGrouping::None)
    stream << "rows are gathered for every batch; ";
  for (Type type : kernel.getResultTypes())
    if (Type element = getElementTypeOrSelf(type); !element.isF32() && !element.isBF16())
      stream << "a result is " << element << "; ";
  return text;
}

class TensorContractionStrategy : public KernelStrategy {
public:
  TensorContractionStrategy()
      : KernelStrategy(TargetKind::NVPTX, KernelKind::Contraction, "wgmma_warp_specialized",
                       arithmetic::SumOrder::TensorCores) {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    if (!anatomy.contraction())
      return false;
    std::string obstacle = findObstacle(*anatomy.contraction(), anatomy.kernel());
    if (obstacle.empty())
      return true;
    (void)refusals.add(anatomy.contraction()->anchor, "is not for tensor cores: " + StringRef(obstacle).drop_back(2));
    return false;
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    SmallVector<Candidate> candidates;
    for (const TensorCandidate &product : proposeTensorTiles(*anatomy.contraction(), target))
      candidates.push_back({product.tiles.toChoice(anatomy.kernel().getContext()), product.time});
    return candidates;
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    const Contraction &contraction = *anatomy.contraction();
    auto choice = expectChoice<choices::TensorTilesAttr>(configuration, emitError);
    FailureOr<TensorTiles> checked =
        choice ? checkTensorTiles(choice, contraction, target, emitError) : FailureOr<TensorTiles>(failure());
    if (failed(checked))
      return failure();
    const TensorTiles &tiles = *checked;
    StageSpec &stage = configuration.addGPUStage("product", tiles.blocks, tiles.threads(), tiles.sharedMemory());
    stage.cluster = tiles.cluster;
    auto describe = [&](const ContractionOperand &operand, int64_t extent, int64_t boxRows) {
      Type element = getElementTypeOrSelf(operand.tensor.getType());
      if (operand.pairs)
        return;
      stage.maps.push_back(
          describeMatrices(operand.tensor.getArgNumber(), element, matricesOf(contraction, operand, extent), boxRows));
      stage.maps.back().offset = operand.start * 2;
    };
    const ContractionOperand &lhs = contraction.lhs, &rhs = contraction.rhs;
    describe(lhs, contraction.rows, lhs.depthContiguous ? tiles.rows : tiles.depth);
    describe(rhs, contraction.columns, (rhs.depthContiguous ? tiles.columns : tiles.depth) / tiles.cluster);
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    GPUStage stage(builder, anatomy.kernel(), configuration, 0, target, /*lanes=*/2);
    TensorTiles tiles = TensorTiles::of(configuration.chosen<choices::TensorTilesAttr>(), *anatomy.contraction(),
                                        selectedFor(configuration, target));
    TensorContractionEmitter(anatomy, tiles, stage).emit();
    return success();
  }
};

} // namespace

void hadal::registerTensorContractionStrategy() { registerStrategy(std::make_unique<TensorContractionStrategy>()); }
