//===- ContractionLowering.cpp - matrix products on CPUs ----------------------------------------------------------===//
//
// One stage, one task per block of C (see codegen/Strategies/Contraction.cpp for how blocks are numbered). A task finds
// its block, which for rows grouped by expert means a walk over the experts' offsets, and emits the block product with
// the kernel's elementwise operations as epilogue. Rows that a gather brings in are read from their tokens while
// packing.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/BlockProduct.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/Kernels/ElementwiseEmitter.h"
#include "codegen/Strategies/Contraction.h"

using namespace mlir;
using namespace hadal;

namespace {

/// The block of C that a task computes.
struct TaskBlock {
  Value row, column;       // first row (of all rows, when they are grouped) and column
  Value rows, columns;     // extent
  Value expert;            // whose weights, or whose gradient
  Value depthStart, depth; // which part of the depth
};

class ContractionEmitter {
public:
  ContractionEmitter(KernelOp kernel, const KernelConfiguration &configuration, StageFunction &stage)
      : kernel(kernel), contraction(*analyzeContraction(kernel)),
        tiles(ProductTiles::read(configuration, contraction.shape)), configuration(configuration), k(stage.k) {
    for (unsigned i = 0; i < kernel.getNumArguments() + kernel.getResultTypes().size(); ++i)
      arguments.push_back(k.argument(i));
    loadNumbers();
  }

  void emitTask(Value task) {
    TaskBlock block = findBlock(task);
    // Fewer blocks of rows than tasks: the rest has nothing to do.
    if (contraction.grouping == ContractionGrouping::Rows)
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

  Value address(BlockArgument argument) { return arguments[argument.getArgNumber()]; }
  Value offset(Value expert) { return k.extend(k.load(k.i32(), address(contraction.offsets), expert)); }

  TaskBlock findBlock(Value task) {
    int64_t rowTasks = configuration.get("row_tasks"), columnTasks = configuration.get("column_tasks");
    TaskBlock block;
    block.expert = k.i64(0);
    if (contraction.grouping == ContractionGrouping::Depth) {
      block.expert = k.div(task, rowTasks * columnTasks);
      task = k.rem(task, rowTasks * columnTasks);
    }
    bool rowsFirst = configuration.get("rows_first");
    Value rowTask = rowsFirst ? k.rem(task, rowTasks) : k.div(task, columnTasks);
    Value columnTask = rowsFirst ? k.div(task, rowTasks) : k.rem(task, columnTasks);
    block.column = k.mul(columnTask, tiles.columnBlock);
    block.columns = k.min(k.i64(tiles.columnBlock), k.sub(k.i64(contraction.columns), block.column));
    block.depthStart = k.i64(0);
    block.depth = k.i64(contraction.depth);
    if (contraction.grouping == ContractionGrouping::Rows) {
      findGroupedRows(rowTask, block);
      return block;
    }
    block.row = k.mul(rowTask, tiles.rowBlock);
    block.rows = k.min(k.i64(tiles.rowBlock), k.sub(k.i64(contraction.rows), block.row));
    if (contraction.grouping == ContractionGrouping::Depth) {
      block.depthStart = offset(block.expert);
      block.depth = k.sub(offset(k.add(block.expert, 1)), block.depthStart);
    }
    return block;
  }

  /// Walks over the experts until the blocks before the task's are counted.
  void findGroupedRows(Value rowTask, TaskBlock &block) {
    Value zero = k.i64(0);
    SmallVector<Value> found =
        k.forReduce(zero, k.i64(contraction.experts), 1, {zero, zero, zero, zero},
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
    block.expert = found[3];
  }

  /// The operand from memory row `row` on (a number of the depth or of the tile), or from column `column` of each row.
  BlockSource source(const ContractionOperand &operand, Value row, Value column) {
    Type element = getElementTypeOrSelf(operand.tensor.getType());
    BlockSource source{{address(operand.tensor), element}, {k.i64(operand.columns)}, operand.depthContiguous};
    if (operand.pairs) {
      source.rows.indices = at(k, address(operand.pairs), row);
      source.rows.divisor = operand.topK;
    } else {
      source.base = at(k, source.base, k.mul(row, operand.columns));
    }
    source.base = at(k, source.base, column);
    return source;
  }

  void emitBlock(const TaskBlock &block) {
    Value zero = k.i64(0);
    BlockSource lhs = contraction.lhs.depthContiguous ? source(contraction.lhs, block.row, block.depthStart)
                                                      : source(contraction.lhs, block.depthStart, block.row);
    // Rows of B before those of the expert's matrix, when each expert has its own.
    Value rhsRows = zero;
    if (contraction.grouping == ContractionGrouping::Rows)
      rhsRows = k.mul(block.expert, contraction.rhs.depthContiguous ? contraction.columns : contraction.depth);
    BlockSource rhs = contraction.rhs.depthContiguous
                          ? source(contraction.rhs, k.add(rhsRows, block.column), block.depthStart)
                          : source(contraction.rhs, k.add(rhsRows, block.depthStart), block.column);
    BlockExtent extent{block.rows, block.columns, block.depth, contraction.columns,
                       tiles.depthIsCut(contraction.shape)};
    if (contraction.columns % tiles.columnBlock != 0)
      extent.columnMultiple = contraction.columns % k.lanes == 0 ? k.lanes : 1;

    // Where the block's first row lies in the results.
    Value resultRow = block.row;
    if (contraction.grouping == ContractionGrouping::Depth)
      resultRow = k.add(k.mul(block.expert, contraction.rows), block.row);
    emitBlockProduct(k, tiles, lhs, rhs, extent, k.scratch, [&](Value row, Value column, Value sum, Value mask) {
      emitEpilogue(k.add(resultRow, row), k.add(block.column, column), sum, mask);
    });
  }

  /// Computes and stores every result of the kernel for one vector of one row. A result of one column is one number per
  /// row, which the elementwise emitter takes as a scalar.
  void emitEpilogue(Value row, Value column, Value sum, Value mask) {
    if (contraction.columns == 1)
      sum = vector::ExtractOp::create(k.builder, k.loc, sum, ArrayRef<int64_t>{0});
    Value element = k.add(k.mul(row, contraction.columns), column);
    ElementwiseEmitter emitter(k, [&](Value tensor, int64_t shift) -> Value {
      if (tensor == contraction.anchor->getResult(0))
        return k.round(sum, getElementTypeOrSelf(tensor.getType()));
      auto argument = cast<BlockArgument>(tensor);
      auto type = cast<RankedTensorType>(tensor.getType());
      if (type.getNumElements() == 1)
        return numbers[argument.getArgNumber()];
      if (isOnePerRow(tensor))
        return k.load(type.getElementType(), address(argument), row);
      auto space = cast<RankedTensorType>(contraction.anchor->getResult(0).getType());
      bool isShared = findAccess(type, space) == Access::SharedRow;
      return k.loadVector(address(argument), isShared ? column : element, mask, type.getElementType());
    });
    Operation *yield = kernel.getBody().front().getTerminator();
    SmallVector<Value> values;
    for (Value value : yield->getOperands())
      values.push_back(emitter.emit(value));
    for (auto [i, value] : llvm::enumerate(values)) {
      Value result = arguments[kernel.getNumArguments() + i];
      if (contraction.columns == 1)
        k.store(value, result, element);
      else
        k.storeVector(value, result, element, mask);
    }
  }

  KernelOp kernel;
  Contraction contraction;
  ProductTiles tiles;
  const KernelConfiguration &configuration;
  KernelBuilder &k;
  SmallVector<Value> arguments;
  DenseMap<unsigned, Value> numbers;
};

class ContractionStrategy : public KernelStrategy {
public:
  ContractionStrategy() : KernelStrategy(TargetKind::CPU, KernelKind::Contraction, "packed_register_tiles") {}

  bool serves(KernelOp kernel, Refusals &refusals) const override {
    return succeeded(analyzeContraction(*expandRowwiseOps(kernel), &refusals));
  }
  LogicalResult select(KernelOp kernel, const TargetDescription &target,
                       KernelConfiguration &configuration) const override {
    return selectContraction(kernel, target, configuration);
  }
  LogicalResult lower(KernelOp kernel, const KernelConfiguration &configuration, const TargetDescription &target,
                      OpBuilder &builder) const override {
    OwningOpRef<KernelOp> expanded = expandRowwiseOps(kernel);
    StageFunction stage(builder, kernel, configuration.stages.front(), target);
    ContractionEmitter emitter(*expanded, configuration, stage);
    stage.forTasks([&](Value task) { emitter.emitTask(task); });
    return success();
  }
};

} // namespace

void hadal::registerContractionStrategy() { registerStrategy(std::make_unique<ContractionStrategy>()); }
