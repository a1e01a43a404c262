//===- ContractionLowering.cpp - matrix products on CPUs ----------------------------------------------------------===//
//
// One stage, one task per block of C (see codegen/Selection/CPU/ContractionBlocks.cpp for how blocks are numbered). A
// task finds its block, which for rows or depth grouped by expert means a walk over the offsets, and emits the block
// product with the kernel's elementwise operations as epilogue. Rows that a gather brings in are read from their tokens
// while packing.
//
// A gradient that the first micro-batch writes (hadal.accumulate) is next read when all others are there: it need not
// come into the caches, and a store past them spares reading the lines that it overwrites. Whether it goes past them is
// the difference between a strategy and the one that is named after it with `_streamed`: a matter of predicted time.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/CPU/BlockProduct.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/Emit/Accumulation.h"
#include "codegen/Emit/BlockGrid.h"
#include "codegen/Emit/ElementwiseEmitter.h"
#include "codegen/Selection/CPU/ContractionBlocks.h"
#include "codegen/Selection/CPU/PackedOperands.h"
#include "codegen/Target/Arithmetic.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/KernelParts.h"

using namespace mlir;
using namespace hadal;

namespace {

/// The block of C that a task computes.
struct TaskBlock {
  Value row, column;       // first row (of all rows, when they are grouped) and column
  Value rows, columns;     // extent
  Value batch;             // whose matrices; of rows grouped by expert, the expert
  Value depthStart, depth; // which part of the depth
};

/// The sum into a gradient that a value is, whose kernel may store it past the caches; null where it is none.
SumOpInterface findStreamedSum(Value value) {
  auto sum = value.getDefiningOp<SumOpInterface>();
  return sum && sum.getCondition() && getElementTypeOrSelf(value.getType()).isF32() ? sum : SumOpInterface();
}

class ContractionEmitter {
public:
  ContractionEmitter(const KernelAnatomy &anatomy, const KernelConfiguration &configuration, bool passesCaches,
                     StageFunction &stage)
      : kernel(anatomy.expanded()), contraction(*anatomy.contraction()),
        tiles(ProductTiles::of(configuration.choice, contraction.shape)), passesCaches(passesCaches), k(stage.k) {
    for (unsigned i = 0; i < kernel.getNumArguments() + kernel.getResultTypes().size(); ++i)
      arguments.push_back(k.argument(i));
    loadNumbers();
    findStreams(KernelParts::derive(anatomy.kernel()));
  }

  void emitTask(Value task) {
    TaskBlock block = findBlock(task);
    // Fewer blocks of rows than tasks: the rest has nothing to do.
    if (contraction.grouping == ContractionGrouping::Rows || contraction.rowCounts)
      k.ifThen(k.less(k.i64(0), block.rows), [&] { emitBlock(block); });
    else
      emitBlock(block);
  }

private:
  /// Arguments that are one number are read once, before the loop over tasks.
  void loadNumbers() {
    for (BlockArgument argument : kernel.getArguments())
      if (auto type = cast<RankedTensorType>(argument.getType()); type.getNumElements() == 1)
        numbers[argument.getArgNumber()] = k.load(type.getElementType(), arguments[argument.getArgNumber()]);
  }

  /// What the epilogue reads and writes at the place of the product's element: all that it waits for in memory. For a
  /// gradient that passes the caches by it waits only where it adds to it.
  void findStreams(const KernelParts &parts) {
    if (contraction.resultColumns == 1)
      return;
    for (auto [argument, access] : llvm::zip_equal(kernel.getArguments(), parts.accesses))
      if (bitEnumContainsAny(access, Access::Element))
        streams.push_back({arguments[argument.getArgNumber()], getElementTypeOrSelf(argument.getType()), false});
    Operation *yield = kernel.getBody().front().getTerminator();
    for (auto [i, type] : llvm::enumerate(kernel.getResultTypes())) {
      Stream result{arguments[kernel.getNumArguments() + i], getElementTypeOrSelf(type), true};
      SumOpInterface sum = passesCaches ? findStreamedSum(yield->getOperand(i)) : SumOpInterface();
      auto condition = sum ? dyn_cast<BlockArgument>(sum.getCondition()) : BlockArgument();
      if (condition) {
        result.counts = emitCounts(k, numbers[condition.getArgNumber()]);
        for (Stream &stream : streams)
          if (auto before = dyn_cast<BlockArgument>(sum.getSummands()[0]);
              before && stream.pointer == arguments[before.getArgNumber()])
            stream.counts = result.counts;
      }
      streams.push_back(result);
    }
  }

  Value address(BlockArgument argument) { return arguments[argument.getArgNumber()]; }
  Value offset(Value batch) { return k.extend(k.load(k.i32(), address(contraction.offsets), batch)); }

  /// The rows that a batch has.
  Value countRows(Value batch) {
    Value most = k.i64(contraction.rows);
    if (!contraction.rowCounts)
      return most;
    return k.min(most, k.extend(k.load(k.i32(), address(contraction.rowCounts), batch)));
  }

  TaskBlock findBlock(Value task) {
    ContractionTasks tasks(contraction, tiles);
    TaskBlock block;
    block.batch = k.i64(0);
    if (contraction.hasBatches()) {
      block.batch = k.div(task, tasks.rows * tasks.columns);
      if (contraction.grouping == ContractionGrouping::Depth)
        block.batch = findByLoad(block.batch);
      task = k.rem(task, tasks.rows * tasks.columns);
    }
    BlockGrid grid{tasks.rows, tasks.columns, tasks.rowsFirst};
    auto [rowTask, columnTask] = grid.find(k, task);
    block.column = k.mul(columnTask, tiles.columnBlock);
    block.columns = k.min(k.i64(tiles.columnBlock), k.sub(k.i64(contraction.columns), block.column));
    block.depthStart = k.i64(0);
    block.depth = k.i64(contraction.depth);
    if (contraction.grouping == ContractionGrouping::Rows) {
      findGroupedRows(rowTask, block);
      return block;
    }
    block.row = k.mul(rowTask, tiles.rowBlock);
    block.rows = k.min(k.i64(tiles.rowBlock), k.sub(countRows(block.batch), block.row));
    if (contraction.grouping == ContractionGrouping::Depth) {
      block.depthStart = offset(block.batch);
      block.depth = k.sub(offset(k.add(block.batch, 1)), block.depthStart);
    }
    return block;
  }

  /// The expert at a place in the order of the tasks: those with more than four times their share of the depth come
  /// first, then those with more than their share, so that no long task is left when the others are done. Which task
  /// computes a block decides none of its bits.
  Value findByLoad(Value place) {
    Value experts = k.i64(contraction.batches), zero = k.i64(0), all = offset(experts);
    auto classify = [&](Value expert) {
      Value rows = k.sub(offset(k.add(expert, 1)), offset(expert));
      Value many = k.less(k.mul(all, 4), k.mul(rows, experts)), some = k.less(all, k.mul(rows, experts));
      return std::pair(many, some);
    };
    auto count = [&](Value number, Value condition) { return k.select(condition, k.add(number, 1), number); };
    // How many there are of both classes, then the places of the next of these and of the others.
    SmallVector<Value> counts =
        k.forReduce(zero, experts, 1, {zero, zero}, [&](Value expert, ValueRange carried) -> SmallVector<Value> {
          auto [many, some] = classify(expert);
          return {count(carried[0], many), count(carried[1], some)};
        });
    return k.forReduce(zero, experts, 1, {zero, counts[0], counts[1], zero},
                       [&](Value expert, ValueRange next) -> SmallVector<Value> {
                         auto [many, some] = classify(expert);
                         Value own = k.select(many, next[0], k.select(some, next[1], next[2]));
                         Value after = k.add(own, 1);
                         Value isSome = k.select(many, k.constant(k.builder.getI1Type(), 0), some);
                         return {k.select(many, after, next[0]), k.select(isSome, after, next[1]),
                                 k.select(some, next[2], after), k.select(k.equal(own, place), expert, next[3])};
                       })[3];
  }

  /// Walks over the experts until the blocks before the task's are counted.
  void findGroupedRows(Value rowTask, TaskBlock &block) {
    Value zero = k.i64(0);
    SmallVector<Value> found =
        k.forReduce(zero, k.i64(contraction.batches), 1, {zero, zero, zero, zero},
                    [&](Value expert, ValueRange carried) -> SmallVector<Value> {
                      Value begin = offset(expert), end = offset(k.add(expert, 1)), before = carried[0];
                      Value after = k.add(before, ceilDiv(k, k.sub(end, begin), tiles.rowBlock));
                      Value row = k.add(begin, k.mul(k.sub(rowTask, before), tiles.rowBlock));
                      Value inside = arith::AndIOp::create(k.builder, k.loc, lessOrEqual(k, before, rowTask),
                                                           k.less(rowTask, after));
                      Value rows = k.min(k.i64(tiles.rowBlock), k.sub(end, row));
                      return {after, k.select(inside, row, carried[1]), k.select(inside, rows, carried[2]),
                              k.select(inside, expert, carried[3])};
                    });
    block.row = found[1];
    block.rows = found[2];
    block.batch = found[3];
  }

  /// The operand from memory row `row` on (a number of the depth or of the tile), or from column `column` of each row.
  /// `batchStart`: elements before the matrix of the block's batch; null: none.
  BlockSource source(const ContractionOperand &operand, Value row, Value column, Value batchStart = {}) {
    Type element = getElementTypeOrSelf(operand.tensor.getType());
    BlockSource source{{address(operand.tensor), element}, {k.i64(operand.columns)}, operand.depthContiguous};
    source.base = at(k, source.base, operand.start);
    if (operand.pairs) {
      source.rows.indices = at(k, address(operand.pairs), row);
      source.rows.divisor = operand.topK;
    } else {
      source.base = at(k, source.base, k.mul(row, operand.columns));
    }
    source.base = at(k, source.base, column);
    if (batchStart)
      source.base = at(k, source.base, batchStart);
    return source;
  }

  /// The panels of B from the block's first column on.
  BlockSource packedSourceOf(const ContractionOperand &operand, const TaskBlock &block) {
    bool areColumnsStretched = operand.stretchedRows > 0 && operand.depthContiguous;
    int64_t columns = areColumnsStretched ? operand.stretchedRows : contraction.columns;
    if (operand.codes)
      return codedSource(k, address(operand.tensor), address(operand.scales), operand,
                         {contraction.columns, contraction.depth}, operand.batchStride > 0 ? block.batch : Value(),
                         block.column);
    int64_t panels = llvm::divideCeil(columns, operand.panelColumns),
            numbers = operand.panelDepth * operand.panelColumns;
    TypedPointer base{address(operand.tensor), getElementTypeOrSelf(operand.tensor.getType())};
    if (operand.stretchedRows > 0) {
      // The first row of the batch's stretch is a column, or a depth, with which a panel begins.
      Value row = k.add(k.mul(block.batch, operand.batchStride / operand.columns), operand.start / operand.columns);
      if (areColumnsStretched)
        base = at(k, base, k.mul(k.div(row, operand.panelColumns), numbers));
      else if (operand.isInTiles) // whose panels have the whole depth
        base = at(k, base, k.mul(row, operand.panelColumns));
      else
        base = at(k, base, k.mul(k.div(row, operand.panelDepth), panels * numbers));
    } else if (operand.batchStride > 0) {
      int64_t parts = llvm::divideCeil(contraction.depth, operand.panelDepth);
      base = at(k, base, k.mul(block.batch, parts * panels * numbers));
    }
    return packedSource(k, base, operand, columns, contraction.depth, block.column);
  }

  /// Where the block begins in the results: row and column.
  std::pair<Value, Value> findPlace(const TaskBlock &block) {
    Value row = block.row, column = block.column;
    if (contraction.rowStep != 1)
      row = k.mul(row, contraction.rowStep);
    if (contraction.hasBatches() && contraction.batchRows > 0)
      row = k.add(k.mul(block.batch, contraction.batchRows), row);
    if (contraction.hasBatches() && contraction.batchColumns > 0)
      column = k.add(k.mul(block.batch, contraction.batchColumns), column);
    return {row, column};
  }

  void emitBlock(const TaskBlock &block) {
    Value zero = k.i64(0);
    auto batchStart = [&](const ContractionOperand &operand) {
      bool isFixed = contraction.grouping == ContractionGrouping::None && operand.batchStride > 0;
      return isFixed && contraction.hasBatches() ? k.mul(block.batch, operand.batchStride) : Value();
    };
    Value lhsStart = batchStart(contraction.lhs), rhsStart = batchStart(contraction.rhs);
    BlockSource lhs = contraction.lhs.depthContiguous ? source(contraction.lhs, block.row, block.depthStart, lhsStart)
                                                      : source(contraction.lhs, block.depthStart, block.row, lhsStart);
    // Rows of B before those of the expert's matrix, when each expert has its own.
    Value rhsRows = zero;
    if (contraction.grouping == ContractionGrouping::Rows)
      rhsRows = k.mul(block.batch, contraction.rhs.batchStride / contraction.rhs.columns);
    BlockSource rhs = contraction.rhs.isPacked() ? packedSourceOf(contraction.rhs, block)
                      : contraction.rhs.depthContiguous
                          ? source(contraction.rhs, k.add(rhsRows, block.column), block.depthStart, rhsStart)
                          : source(contraction.rhs, k.add(rhsRows, block.depthStart), block.column, rhsStart);
    BlockExtent extent{block.rows, block.columns, block.depth, contraction.columns,
                       tiles.depthIsCut(contraction.shape)};
    if (contraction.columns % tiles.columnBlock != 0)
      extent.columnMultiple = contraction.columns % k.lanes == 0 ? k.lanes : 1;

    std::pair<Value, Value> first = findPlace(block);
    auto rowAt = [&](Value row) {
      return k.add(first.first, contraction.rowStep != 1 ? k.mul(row, contraction.rowStep) : row);
    };
    auto epilogue = [&](Value row, Value column, Value sum, Value mask) {
      emitEpilogue(rowAt(row), k.add(first.second, column), sum, mask);
    };
    auto prefetch = [&](Value row, Value column) {
      Value element = k.add(k.mul(rowAt(row), contraction.resultColumns), k.add(first.second, column));
      for (const Stream &stream : streams)
        if (auto ask = [&] { k.prefetch(stream.pointer, element, stream.element, stream.isWritten); }; stream.counts)
          k.ifThen(stream.counts, ask);
        else
          ask();
    };
    emitBlockProduct(k, tiles, lhs, rhs, extent, k.scratch, epilogue, {},
                     streams.empty() ? BlockPrefetch() : BlockPrefetch(prefetch));
  }

  /// Computes and stores every result of the kernel for one vector of one row. A result of one column is one number per
  /// row, which the elementwise emitter takes as a scalar.
  void emitEpilogue(Value row, Value column, Value sum, Value mask) {
    if (contraction.resultColumns == 1)
      sum = vector::ExtractOp::create(k.builder, k.loc, sum, ArrayRef<int64_t>{0});
    Value element = k.add(k.mul(row, contraction.resultColumns), column);
    ElementwiseEmitter emitter(k, [&](Value tensor, int64_t shift) -> Value {
      if (tensor == contraction.anchor->getResult(0))
        return k.round(sum, getElementTypeOrSelf(tensor.getType()));
      auto argument = cast<BlockArgument>(tensor);
      auto type = cast<RankedTensorType>(tensor.getType());
      if (type.getNumElements() == 1)
        return numbers[argument.getArgNumber()];
      if (isOnePerRow(tensor))
        return k.load(type.getElementType(), address(argument), row);
      bool isShared = contraction.access(tensor) == Access::SharedRow;
      return k.loadVector(address(argument), isShared ? column : element, mask, type.getElementType());
    });
    Operation *yield = kernel.getBody().front().getTerminator();
    SmallVector<Value> values;
    for (Value value : yield->getOperands())
      values.push_back(passesCaches && findStreamedSum(value) ? Value() : emitter.emit(value));
    for (auto [i, value] : llvm::enumerate(values)) {
      Value result = arguments[kernel.getNumArguments() + i];
      if (!value)
        storeGradient(emitter, findStreamedSum(yield->getOperand(i)), result, element);
      else if (contraction.resultColumns == 1)
        k.store(value, result, element);
      else
        k.storeVector(value, result, element, mask);
    }
  }

  /// Adds to what is there, or stores past the caches what takes its place.
  void storeGradient(ElementwiseEmitter &emitter, SumOpInterface sum, Value result, Value element) {
    Value term = emitter.emit(sum.getSummands()[1]), counts = emitCounts(k, emitter.emit(sum.getCondition()));
    k.ifThen(
        counts, [&] { k.storeVector(k.addf(emitter.emit(sum.getSummands()[0]), term), result, element); },
        [&] { k.storeStreamed(term, result, element); });
  }

  KernelOp kernel;
  const Contraction &contraction;
  ProductTiles tiles;
  const bool passesCaches;
  KernelBuilder &k;
  SmallVector<Value> arguments;
  DenseMap<unsigned, Value> numbers;
  struct Stream {
    Value pointer;
    Type element;
    bool isWritten;
    /// Whether there is anything to wait for; null: always.
    Value counts = {};
  };
  SmallVector<Stream> streams;
};

/// Whether an argument is a B that could be brought into another layout than rows.
bool mayBePacked(const Contraction &contraction, unsigned argument) {
  const ContractionOperand &rhs = contraction.rhs;
  return argument == rhs.tensor.getArgNumber() && !rhs.pairs && !rhs.isPacked() &&
         contraction.grouping != ContractionGrouping::Depth;
}

/// Bytes of the results that may pass the caches by. All vectors of such a kernel are whole cache lines.
int64_t countStreamedBytes(const KernelAnatomy &anatomy) {
  const Contraction &contraction = *anatomy.contraction();
  constexpr int64_t lanes = arithmetic::lanes;
  if (contraction.columns % lanes != 0 || contraction.resultColumns % lanes != 0 ||
      contraction.batchColumns % lanes != 0)
    return 0;
  int64_t bytes = 0;
  for (Value value : anatomy.expanded().getBody().front().getTerminator()->getOperands())
    if (findStreamedSum(value))
      bytes += getByteSize(value.getType());
  return bytes;
}

/// Blocks of C are tasks.
class ContractionStrategy : public KernelStrategy {
public:
  ContractionStrategy(StringRef name, ProductUnit unit, bool streams)
      : KernelStrategy(TargetKind::CPU, KernelKind::Contraction, name), unit(unit), streams(streams) {}

  bool serves(const KernelAnatomy &anatomy, Refusals &) const override {
    return anatomy.contraction() && (unit == ProductUnit::Registers || anatomy.contraction()->shape.fitsTiles()) &&
           (!streams || countStreamedBytes(anatomy) > 0);
  }
  SmallVector<LayoutAttr> getReadableLayouts(const KernelAnatomy &anatomy, unsigned argument,
                                             const TargetDescription &target) const override {
    const Contraction &contraction = *anatomy.contraction();
    if (!mayBePacked(contraction, argument))
      return {};
    return listReadableLayouts(unit, contraction.rhs, contraction.shape, target);
  }
  /// A gradient that does not fit into the cache of a core is written to memory, and read before unless it is streamed.
  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &refusals) const override {
    const Contraction &contraction = *anatomy.contraction();
    int64_t bytes = countStreamedBytes(anatomy);
    bool isLarge = bytes >= target.l2Bytes;
    if ((streams && !isLarge) || (unit == ProductUnit::AMX && !target.hasTiles()))
      return {};
    if (std::string fault = findFault(contraction, target); !fault.empty())
      return (void)refusals.add(contraction.anchor, fault), SmallVector<Candidate>();
    MLIRContext *context = anatomy.kernel().getContext();
    SmallVector<Candidate> candidates = unit == ProductUnit::AMX ? proposeTileContraction(contraction, target, context)
                                                                 : proposeContraction(contraction, target, context);
    double seconds = double(bytes * (streams ? 1 : 2)) / (target.memoryBandwidth * double(modelledCores));
    if (isLarge)
      for (Candidate &candidate : candidates)
        candidate.time += PredictedTime::sum(0, seconds, 0);
    return candidates;
  }
  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    const Contraction &contraction = *anatomy.contraction();
    if (std::string fault = findFault(contraction, target); !fault.empty())
      return emitError() << "the product " << fault;
    return unit == ProductUnit::AMX ? configureTileContraction(contraction, target, configuration, emitError)
                                    : configureContraction(contraction, target, configuration, emitError);
  }
  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    StageFunction stage(builder, anatomy.kernel(), configuration.stages.front(), target);
    ContractionEmitter emitter(anatomy, configuration, streams, stage);
    stage.forTasks([&](Value task) { emitter.emitTask(task); });
    if (streams)
      stage.k.fenceStreamed();
    return success();
  }

private:
  std::string findFault(const Contraction &contraction, const TargetDescription &target) const {
    return findPackingFault(unit, contraction.rhs, contraction.shape, target);
  }

  /// Products of two bf16 factors may be multiplied on AMX as well: the arithmetic is the same.
  const ProductUnit unit;
  /// Whether gradients are stored past the caches.
  const bool streams;
};

} // namespace

void hadal::registerContractionStrategies() {
  auto add = [](StringRef name, ProductUnit unit, bool streams) {
    registerStrategy(std::make_unique<ContractionStrategy>(name, unit, streams));
  };
  add("packed_register_tiles", ProductUnit::Registers, /*streams=*/false);
  add("tile_registers", ProductUnit::AMX, /*streams=*/false);
  add("packed_register_tiles_streamed", ProductUnit::Registers, /*streams=*/true);
  add("tile_registers_streamed", ProductUnit::AMX, /*streams=*/true);
}
