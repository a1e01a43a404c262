//===- TensorContraction.cpp - contraction kernels on tensor cores ------------------------------------------------===//
//
// What a contraction adds to a product on tensor cores (TensorProduct.h): the kernel's elementwise operations on the
// sums, experts, and gathered rows.
//
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
#include "codegen/NVPTX/TensorProduct.h"

using namespace mlir;
using namespace hadal;

namespace {

class TensorContractionEmitter : public TensorProduct {
public:
  TensorContractionEmitter(KernelOp kernel, const Contraction &contraction, const KernelConfiguration &configuration,
                           GPUStage &stage)
      : TensorProduct(stage, TensorTiles::read(configuration), contraction.shape), kernel(kernel),
        contraction(contraction) {
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

  int64_t tasks() const override { return (groupsDepth() ? contraction.experts : 1) * TensorProduct::tasks(); }

  /// Over grouped rows: the expert that the walk has reached, and the blocks of rows before its own.
  SmallVector<Value> startWalk() override {
    return groupsRows() ? SmallVector<Value>{zero, zero} : SmallVector<Value>();
  }

  Place findTile(Value task, SmallVector<Value> &walk) override {
    if (groupsRows())
      return findGroupedRows(task, walk);
    if (!groupsDepth())
      return findDenseTile(task);
    int64_t tilesOfExpert = tiles.rowTasks * tiles.columnTasks;
    Value expert = t.div(task, tilesOfExpert);
    Value start = offset(expert), end = offset(t.add(expert, 1));
    Place place = findDenseTile(t.rem(task, tilesOfExpert));
    place.rowsBefore = t.mul(expert, contraction.rows);
    place.depthStart = start;
    place.depthEnd = end;
    place.steps = t.ceilDiv(t.sub(end, start), tiles.depth);
    return place;
  }

  /// Walks on to the expert whose rows the task's block is in. Tasks are as many as there could be blocks of rows: the
  /// last ones may find none.
  Place findGroupedRows(Value task, SmallVector<Value> &walk) {
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
    Place place;
    place.exists = t.less(walk[0], experts);
    Value expert = t.min(walk[0], t.number(contraction.experts - 1));
    place.row = t.add(offset(expert), t.mul(t.sub(rowTask, walk[1]), tiles.rows));
    place.rowEnd = offset(t.add(expert, 1));
    place.column = t.mul(t.rem(task, tiles.columnTasks), tiles.columns);
    place.depthStart = zero;
    place.depthEnd = t.number(contraction.depth);
    place.steps = k.select(place.exists, t.number(llvm::divideCeil(contraction.depth, tiles.depth)), zero);
    if (contraction.experts > 1)
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
    auto space = cast<RankedTensorType>(contraction.anchor->getResult(0).getType());
    bool isShared = findAccess(type, space) == Access::SharedRow;
    return k.loadAligned(type.getElementType(), argument(place), isShared ? pair.column : pair.element, 2);
  }

  KernelOp kernel;
  const Contraction contraction;
  DenseMap<unsigned, Value> numbers;
  /// Numbers that a row has one of, as they have been loaded.
  DenseMap<std::pair<Value, Value>, Value> onePerRow;
};

TensorMapSpec describeOperand(const ContractionOperand &operand, int64_t experts, int64_t boxRows) {
  auto type = cast<RankedTensorType>(operand.tensor.getType());
  return describeMatrix(operand.tensor.getArgNumber(), type.getElementType(),
                        type.getNumElements() / operand.columns / experts, operand.columns, boxRows, experts);
}

class TensorContractionStrategy : public KernelStrategy {
public:
  TensorContractionStrategy() : KernelStrategy(TargetKind::NVPTX, KernelKind::Contraction, "wgmma_warp_specialized") {}

  /// TMA and chunks of 16 bytes want rows that are a multiple of them; the epilogue works on pairs of columns.
  bool serves(KernelOp kernel, Refusals &refusals) const override {
    OwningOpRef<KernelOp> expanded = expandRowwiseOps(kernel);
    FailureOr<Contraction> contraction = analyzeContraction(*expanded, &refusals);
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
    OwningOpRef<KernelOp> expanded = expandRowwiseOps(kernel);
    Contraction contraction = *analyzeContraction(*expanded);
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
    TensorContractionEmitter(*expanded, *analyzeContraction(*expanded), configuration, stage).emit();
    return success();
  }
};

} // namespace

void hadal::registerTensorContractionStrategy() { registerStrategy(std::make_unique<TensorContractionStrategy>()); }
