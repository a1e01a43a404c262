//===- ThreadContraction.cpp - matrix products by plain threads of a GPU ------------------------------------------===//
//
// A block of threads computes a block of C (codegen/GPU/Frames/ThreadProduct.h), leaves it in shared memory, and visits
// it again row by row for the kernel's elementwise operations, whose operands are then read in whole lines. Rows that a
// gather brings in are read from their tokens; a block of rows grouped by expert finds its expert first.
//
// Where C is small and deep, every block of the depth goes to a block of threads of its own: its sums go to the
// workspace, and a second stage adds them in order and runs the elementwise operations. That is the order in which a
// block of threads that walks over the whole depth adds them, too.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Emit/BlockGrid.h"
#include "codegen/Emit/ElementwiseEmitter.h"
#include "codegen/GPU/Frames/GroupedRows.h"
#include "codegen/GPU/Frames/ThreadProduct.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/Selection/GPU/ThreadTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Threads of a block of the stage that adds the blocks of the depth.
constexpr int64_t threadsOfSum = 256;

RankedTensorType tensorType(Value value) { return cast<RankedTensorType>(value.getType()); }
int64_t elementBytes(Value value) { return tensorType(value).getElementTypeBitWidth() / 8; }

/// The block of C that a block of threads computes.
struct BlockOfC {
  Value row, column;       // first row (of all rows, when they are grouped) and column
  Value rows, columns;     // extent
  Value batch;             // whose matrices; of rows grouped by expert, the expert
  Value depthStart, depth; // which part of the depth; null: all of it, or a whole block of it
  Value part;              // the number of the block of the depth, when each has its own block of threads
};

/// Neighbours of C that a thread handles together.
int64_t contractionLanes(const Contraction &contraction) {
  bool isAligned = contraction.columns % threadVector == 0 && contraction.alignedColumns(threadVector) == threadVector;
  return isAligned ? threadVector : 1;
}

class ThreadContractionEmitter {
public:
  ThreadContractionEmitter(const KernelAnatomy &anatomy, const KernelConfiguration &configuration, GPUStage &stage)
      : kernel(anatomy.expanded()), contraction(*anatomy.contraction()),
        tiles(ThreadTiles::of(configuration.chosen<choices::ThreadProductAttr>().getTiles())),
        parts(configuration.chosen<choices::ThreadProductAttr>().getSplitsDepth() ? depthBlocks(contraction.depth) : 1),
        stage(stage), k(stage.k) {
    lanes = contractionLanes(contraction);
    for (BlockArgument argument : kernel.getArguments())
      if (RankedTensorType type = tensorType(argument); type.getNumElements() == 1)
        numbers[argument.getArgNumber()] = k.load(type.getElementType(), address(argument));
  }

  void emitProduct() {
    BlockOfC block = findBlock(stage.block());
    // Fewer blocks of rows than blocks of threads: the rest has nothing to do.
    if (countsRows())
      k.ifThen(k.less(k.i64(0), block.rows), [&] { emitBlock(block); });
    else
      emitBlock(block);
  }

  /// The second stage: adds the blocks of the depth.
  void emitSum() {
    int64_t elements = contraction.rows * contraction.columns;
    Value item = k.add(k.mul(stage.block(), threadsOfSum), stage.thread());
    Value element = k.mul(item, lanes);
    k.ifThen(k.less(element, k.i64(elements)), [&] {
      k.lanes = lanes;
      // Some are loaded before the first of them is added.
      constexpr int64_t together = 8;
      auto load = [&](Value part) {
        return k.loadAligned(k.f32(), workspace(), k.add(element, k.mul(part, elements)), lanes);
      };
      auto add = [&](Value sum, Value first, int64_t count) {
        SmallVector<Value> loaded;
        for (int64_t i = 0; i < count; ++i)
          loaded.push_back(load(k.add(first, i)));
        for (Value part : loaded)
          sum = k.addf(sum, part);
        return sum;
      };
      int64_t whole = 1 + (parts - 1) / together * together;
      Value sum = k.forReduce(k.i64(1), k.i64(whole), together, load(k.i64(0)), [&](Value first, ValueRange carried) {
        ptx::NoUnrollOp::create(k.builder, k.loc);
        return SmallVector<Value>{add(carried[0], first, together)};
      })[0];
      sum = add(sum, k.i64(whole), parts - whole);
      emitEpilogue(k.div(element, contraction.columns), k.rem(element, contraction.columns), sum);
    });
  }

private:
  /// Whether it is known at run time only how many rows there are.
  bool countsRows() const { return contraction.grouping == ContractionGrouping::Rows || contraction.rowCounts; }
  Value address(BlockArgument argument) { return k.argument(argument.getArgNumber()); }
  Value result(unsigned index) { return k.argument(kernel.getNumArguments() + index); }
  Value workspace() { return k.argument(kernel.getNumArguments() + kernel.getResultTypes().size()); }
  Value offset(Value batch) { return k.extend(k.load(k.i32(), address(contraction.offsets), batch)); }

  BlockOfC findBlock(Value task) {
    int64_t rowTasks = contraction.rowTasks(tiles.rows), columnTasks = contraction.columnTasks(tiles.columns);
    bool isGrouped = contraction.grouping != ContractionGrouping::None;
    BlockOfC block;
    block.batch = block.part = k.i64(0);
    if (contraction.hasBatches()) {
      block.batch = k.div(task, rowTasks * columnTasks);
      task = k.rem(task, rowTasks * columnTasks);
    } else if (parts > 1) {
      block.part = k.div(task, rowTasks * columnTasks);
      task = k.rem(task, rowTasks * columnTasks);
    }
    BlockGrid grid{rowTasks, columnTasks, !isGrouped && contraction.rows <= contraction.columns};
    auto [rowTask, columnTask] = grid.find(k, task);
    block.column = k.mul(columnTask, tiles.columns);
    block.columns = k.min(k.i64(tiles.columns), k.sub(k.i64(contraction.columns), block.column));
    findDepth(block);
    if (contraction.grouping == ContractionGrouping::Rows) {
      GroupedRows rows = findGroupedRows(stage, address(contraction.offsets), contraction.batches, tiles.rows, rowTask);
      block.row = rows.first;
      block.rows = rows.count;
      block.batch = rows.expert;
      return block;
    }
    block.row = k.mul(rowTask, tiles.rows);
    Value end = k.i64(contraction.rows);
    if (contraction.rowCounts)
      end = k.min(end, k.extend(k.load(k.i32(), address(contraction.rowCounts), block.batch)));
    block.rows = k.min(k.i64(tiles.rows), k.sub(end, block.row));
    return block;
  }

  void findDepth(BlockOfC &block) {
    block.depthStart = k.i64(0);
    if (contraction.grouping == ContractionGrouping::Depth) {
      block.depthStart = offset(block.batch);
      block.depth = k.sub(offset(k.add(block.batch, 1)), block.depthStart);
    } else if (parts > 1) {
      block.depthStart = k.mul(block.part, arithmetic::depthBlock);
      if (contraction.depth % arithmetic::depthBlock != 0)
        block.depth = k.min(k.i64(arithmetic::depthBlock), k.sub(k.i64(contraction.depth), block.depthStart));
    }
  }

  /// The operand from a position of the tile (a row of A, a column of B) on. `extent` is null when the tile is whole.
  TileSource source(const ContractionOperand &operand, const BlockOfC &block, Value position, Value extent) {
    Type element = tensorType(operand.tensor).getElementType();
    TileSource source{element, operand.depthContiguous, vectorLength(operand), extent, {}, {}, 0.0};
    bool contiguous = operand.depthContiguous;
    // Where a row of the operand's matrix begins.
    auto rowStart = [this, &operand](Value row) {
      if (operand.pairs)
        row = k.div(k.extend(k.load(k.i32(), address(operand.pairs), row)), operand.topK);
      return k.mul(row, operand.columns);
    };
    Value base = address(operand.tensor), depthStart = block.depthStart;
    if (operand.start > 0)
      base = k.address(base, k.i64(operand.start), element);
    bool isFixed = contraction.hasBatches() && contraction.grouping == ContractionGrouping::None;
    if (isFixed && operand.batchStride > 0)
      base = k.address(base, k.mul(block.batch, operand.batchStride), element);
    if (contiguous) {
      source.prepare = [=, this](Value p) -> SmallVector<Value> {
        return {k.address(base, k.add(rowStart(k.add(position, p)), depthStart), element)};
      };
      source.address = [=, this](ValueRange prepared, Value depth) { return k.address(prepared[0], depth, element); };
      return source;
    }
    source.prepare = [=, this](Value p) -> SmallVector<Value> {
      return {k.address(base, k.add(position, p), element)};
    };
    source.address = [=, this](ValueRange prepared, Value depth) {
      Value row = k.add(depthStart, depth);
      // An expert without rows may stand at the end of all rows.
      if (contraction.grouping == ContractionGrouping::Depth)
        row = k.min(row, k.i64(contraction.groupedRows - 1));
      return k.address(prepared[0], rowStart(row), element);
    };
    return source;
  }

  /// Rows of whole vectors keep every vector aligned.
  int64_t vectorLength(const ContractionOperand &operand) {
    bool isAligned = llvm::all_of(ArrayRef<int64_t>{operand.columns, operand.batchStride, operand.start},
                                  [](int64_t number) { return number % threadVector == 0; });
    return isAligned ? threadVector : 1;
  }

  void emitBlock(const BlockOfC &block) {
    bool wholeRows = !countsRows() && contraction.rows % tiles.rows == 0;
    TileSource lhs = source(contraction.lhs, block, block.row, wholeRows ? Value() : block.rows);
    // B begins at the expert's matrix, when each expert has its own.
    Value column = block.column;
    BlockOfC rhsBlock = block;
    if (contraction.grouping == ContractionGrouping::Rows) {
      if (contraction.rhs.depthContiguous)
        column = k.add(column, k.mul(block.batch, contraction.rhs.batchStride / contraction.rhs.columns));
      else
        rhsBlock.depthStart = k.mul(block.batch, contraction.rhs.batchStride / contraction.rhs.columns);
    }
    bool wholeColumns = contraction.columns % tiles.columns == 0;
    TileSource rhs = source(contraction.rhs, rhsBlock, column, wholeColumns ? Value() : block.columns);

    ProductDepth depth{parts > 1 ? arithmetic::depthBlock : contraction.depth, block.depth};
    k.lanes = lanes;
    emitTiledProduct(k, stage.thread(), tiles, lhs, rhs, depth, stage.shared(0), lanes, block.rows, block.columns,
                     [&](Value row, Value column, Value sum) { finish(block, row, k.add(block.column, column), sum); });
  }

  /// What becomes of `lanes` numbers of C.
  void finish(const BlockOfC &block, Value rowInBlock, Value column, Value sum) {
    Value row = k.add(block.row, rowInBlock);
    if (parts > 1) {
      Value partRow = k.add(k.mul(block.part, contraction.rows), row);
      return k.storeAligned(sum, workspace(), k.add(k.mul(partRow, contraction.columns), column), lanes);
    }
    if (contraction.rowStep != 1)
      row = k.mul(row, contraction.rowStep);
    if (contraction.hasBatches() && contraction.batchRows > 0)
      row = k.add(k.mul(block.batch, contraction.batchRows), row);
    if (contraction.hasBatches() && contraction.batchColumns > 0)
      column = k.add(k.mul(block.batch, contraction.batchColumns), column);
    emitEpilogue(row, column, sum);
  }

  /// Computes and stores every result of the kernel for `lanes` columns of one row. A result of one column is one
  /// number per row, which the elementwise emitter takes as a scalar.
  void emitEpilogue(Value row, Value column, Value sum) {
    Value anchored = contraction.anchor->getResult(0);
    if (Type element = tensorType(anchored).getElementType(); !element.isF32())
      sum = arith::TruncFOp::create(k.builder, k.loc, k.vectorOf(element), sum);
    if (contraction.resultColumns == 1)
      sum = vector::ExtractOp::create(k.builder, k.loc, sum, ArrayRef<int64_t>{0});
    Value element = k.add(k.mul(row, contraction.resultColumns), column);
    ElementwiseEmitter emitter(k, [&](Value tensor, int64_t shift) -> Value {
      if (tensor == anchored)
        return sum;
      auto argument = cast<BlockArgument>(tensor);
      RankedTensorType type = tensorType(tensor);
      if (type.getNumElements() == 1)
        return numbers[argument.getArgNumber()];
      if (isOnePerRow(tensor))
        return k.load(type.getElementType(), address(argument), row);
      bool isShared = contraction.access(tensor) == Access::SharedRow;
      return k.loadAligned(type.getElementType(), address(argument), isShared ? column : element, lanes);
    });
    SmallVector<Value> values;
    for (Value value : kernel.getBody().front().getTerminator()->getOperands())
      values.push_back(emitter.emit(value));
    for (auto [i, value] : llvm::enumerate(values)) {
      if (contraction.columns == 1)
        k.store(value, result(i), element);
      else
        k.storeAligned(value, result(i), element, lanes);
    }
  }

  KernelOp kernel;
  const Contraction &contraction;
  const ThreadTiles tiles;
  /// Blocks of threads to a block of C, one for each block of the depth.
  const int64_t parts;
  GPUStage &stage;
  KernelBuilder &k;
  int64_t lanes;
  DenseMap<unsigned, Value> numbers;
};

class ThreadContractionStrategy : public KernelStrategy {
public:
  ThreadContractionStrategy() : KernelStrategy(TargetKind::NVPTX, KernelKind::Contraction, "thread_tiles") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    if (!anatomy.contraction() || !anatomy.contraction()->rhs.isPacked())
      return anatomy.contraction();
    return succeeded(refusals.add(anatomy.contraction()->anchor,
                                  "reads a right-hand side in panels, which are a CPU's: unpack it (hadal.unpack)"));
  }

  /// Whether the contraction is a single product of all its rows, whose depth can be split.
  static bool isOne(const Contraction &contraction) {
    return contraction.grouping == ContractionGrouping::None && !contraction.hasBatches() && !contraction.rowCounts;
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    const Contraction &contraction = *anatomy.contraction();
    MLIRContext *context = anatomy.kernel().getContext();
    int64_t bytes = llvm::divideCeil(elementBytes(contraction.lhs.tensor) + elementBytes(contraction.rhs.tensor), 2);
    SmallVector<Candidate> candidates;
    for (const ThreadProductPlan &plan : proposeThreadTiles(contraction.shape, bytes, target, isOne(contraction)))
      candidates.push_back(
          {choices::ThreadProductAttr::get(context, plan.tiles.toChoice(context), plan.splitsDepth), plan.time});
    return candidates;
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    const Contraction *contraction = anatomy.contraction();
    auto choice = expectChoice<choices::ThreadProductAttr>(configuration, emitError);
    if (!choice)
      return failure();
    bool splitsDepth = choice.getSplitsDepth();
    if (splitsDepth && (!isOne(*contraction) || !maySplitDepth(contraction->shape)))
      return emitError() << "splits_depth is true, and only a single product whose depth has more than one block, and "
                            "not too many, can be split";
    int64_t stagedDepth = splitsDepth ? arithmetic::depthBlock : contraction->depth;
    if (failed(checkThreadTiles(choice.getTiles(), stagedDepth, target, emitError)))
      return failure();
    ThreadTiles tiles = ThreadTiles::of(choice.getTiles());
    int64_t rowTasks = contraction->rowTasks(tiles.rows), columnTasks = contraction->columnTasks(tiles.columns);
    int64_t parts = splitsDepth ? depthBlocks(contraction->depth) : 1;
    int64_t products = contraction->hasBatches() ? contraction->batches : parts;
    configuration.addGPUStage("product", std::max<int64_t>(1, products * rowTasks * columnTasks), tiles.threads(),
                              tiles.sharedBytes(stagedDepth));
    if (splitsDepth) {
      int64_t elements = contraction->rows * contraction->columns;
      int64_t perBlock = threadsOfSum * contractionLanes(*contraction);
      configuration.workspace = parts * elements * 4;
      configuration.addGPUStage("sum", llvm::divideCeil(elements, perBlock), threadsOfSum);
    }
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    for (unsigned index = 0; index < configuration.stages.size(); ++index) {
      GPUStage stage(builder, anatomy.kernel(), configuration, index, target);
      ThreadContractionEmitter emitter(anatomy, configuration, stage);
      if (index == 0)
        emitter.emitProduct();
      else
        emitter.emitSum();
    }
    return success();
  }
};

} // namespace

void hadal::registerThreadContractionStrategy() { registerStrategy(std::make_unique<ThreadContractionStrategy>()); }
