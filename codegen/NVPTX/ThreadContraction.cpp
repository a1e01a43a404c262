//===- ThreadContraction.cpp - matrix products by plain threads of a GPU ------------------------------------------===//
//
// A block of threads computes a block of C (codegen/NVPTX/ThreadProduct.h), leaves it in shared memory, and visits it
// again row by row for the kernel's elementwise operations, whose operands are then read in whole lines. Rows that a
// gather brings in are read from their tokens; a block of rows grouped by expert finds its expert first.
//
// Where C is small and deep, the depth is cut into parts: each part's sums go to the workspace, and a second stage adds
// the parts in their order and runs the elementwise operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Kernels/ElementwiseEmitter.h"
#include "codegen/NVPTX/GroupedRows.h"
#include "codegen/NVPTX/NVPTXStrategies.h"
#include "codegen/NVPTX/ThreadProduct.h"
#include "codegen/Strategies/Contraction.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Parts of the depth at most, and threads of a block of the stage that adds them.
constexpr int64_t longestSplit = 16, threadsOfSum = 256;

RankedTensorType tensorType(Value value) { return cast<RankedTensorType>(value.getType()); }
int64_t elementBytes(Value value) { return tensorType(value).getElementTypeBitWidth() / 8; }

/// The block of C that a block of threads computes.
struct BlockOfC {
  Value row, column;       // first row (of all rows, when they are grouped) and column
  Value rows, columns;     // extent
  Value expert;            // whose weights, or whose gradient
  Value depthStart, depth; // which part of the depth
  Value part;              // the number of the part, when the depth is cut
};

class ThreadContractionEmitter {
public:
  ThreadContractionEmitter(KernelOp kernel, const KernelConfiguration &configuration, GPUStage &stage)
      : kernel(kernel), contraction(*analyzeContraction(kernel)), tiles(ThreadTiles::read(configuration)),
        configuration(configuration), split(configuration.get("split")), stage(stage), k(stage.k) {
    lanes = contraction.columns % threadVector == 0 ? threadVector : 1;
    for (BlockArgument argument : kernel.getArguments())
      if (RankedTensorType type = tensorType(argument); type.getNumElements() == 1)
        numbers[argument.getArgNumber()] = k.load(type.getElementType(), address(argument));
  }

  void emitProduct() {
    BlockOfC block = findBlock(stage.block());
    // Fewer blocks of rows than blocks of threads: the rest has nothing to do.
    if (contraction.grouping == ContractionGrouping::Rows)
      k.ifThen(k.less(k.i64(0), block.rows), [&] { emitBlock(block); });
    else
      emitBlock(block);
  }

  /// The second stage: adds the parts of the depth.
  void emitSum() {
    int64_t elements = contraction.rows * contraction.columns;
    Value item = k.add(k.mul(stage.block(), threadsOfSum), stage.thread());
    Value element = k.mul(item, lanes);
    k.ifThen(k.less(element, k.i64(elements)), [&] {
      k.lanes = lanes;
      SmallVector<Value> parts;
      for (int64_t part = 0; part < split; ++part)
        parts.push_back(k.loadAligned(k.f32(), workspace(), k.add(element, part * elements), lanes));
      Value sum = parts.front();
      for (Value part : ArrayRef(parts).drop_front())
        sum = k.addf(sum, part);
      emitEpilogue(k.div(element, contraction.columns), k.rem(element, contraction.columns), sum);
    });
  }

private:
  Value address(BlockArgument argument) { return k.argument(argument.getArgNumber()); }
  Value result(unsigned index) { return k.argument(kernel.getNumArguments() + index); }
  Value workspace() { return k.argument(kernel.getNumArguments() + kernel.getResultTypes().size()); }
  Value offset(Value expert) { return k.extend(k.load(k.i32(), address(contraction.offsets), expert)); }

  BlockOfC findBlock(Value task) {
    int64_t rowTasks = configuration.get("row_tasks"), columnTasks = configuration.get("column_tasks");
    BlockOfC block;
    block.expert = block.part = k.i64(0);
    if (contraction.grouping == ContractionGrouping::Depth) {
      block.expert = k.div(task, rowTasks * columnTasks);
      task = k.rem(task, rowTasks * columnTasks);
    } else if (split > 1) {
      block.part = k.div(task, rowTasks * columnTasks);
      task = k.rem(task, rowTasks * columnTasks);
    }
    bool rowsFirst = configuration.get("rows_first");
    Value rowTask = rowsFirst ? k.rem(task, rowTasks) : k.div(task, columnTasks);
    Value columnTask = rowsFirst ? k.div(task, rowTasks) : k.rem(task, columnTasks);
    block.column = k.mul(columnTask, tiles.columns);
    block.columns = k.min(k.i64(tiles.columns), k.sub(k.i64(contraction.columns), block.column));
    findDepth(block);
    if (contraction.grouping == ContractionGrouping::Rows) {
      GroupedRows rows = findGroupedRows(stage, address(contraction.offsets), contraction.experts, tiles.rows, rowTask);
      block.row = rows.first;
      block.rows = rows.count;
      block.expert = rows.expert;
      return block;
    }
    block.row = k.mul(rowTask, tiles.rows);
    block.rows = k.min(k.i64(tiles.rows), k.sub(k.i64(contraction.rows), block.row));
    return block;
  }

  void findDepth(BlockOfC &block) {
    block.depthStart = k.i64(0);
    if (contraction.grouping == ContractionGrouping::Depth) {
      block.depthStart = offset(block.expert);
      block.depth = k.sub(offset(k.add(block.expert, 1)), block.depthStart);
    } else if (split > 1) {
      block.depthStart = k.mul(block.part, partDepth());
      block.depth = k.min(k.i64(partDepth()), k.sub(k.i64(contraction.depth), block.depthStart));
    }
  }

  /// The depth of a part: whole steps, so that every part but the last begins and ends with one.
  int64_t partDepth() { return int64_t(llvm::alignTo(llvm::divideCeil(contraction.depth, split), tiles.depth)); }

  /// The operand from a position of the tile (a row of A, a column of B) on. `extent` is null when the tile is whole.
  TileSource source(const ContractionOperand &operand, const BlockOfC &block, Value position, Value extent) {
    Type element = tensorType(operand.tensor).getElementType();
    TileSource source{element, operand.depthContiguous, vectorLength(operand), extent, {}, {}};
    bool contiguous = operand.depthContiguous;
    // Where a row of the operand's matrix begins.
    auto rowStart = [this, &operand](Value row) {
      if (operand.pairs)
        row = k.div(k.extend(k.load(k.i32(), address(operand.pairs), row)), operand.topK);
      return k.mul(row, operand.columns);
    };
    Value base = address(operand.tensor), depthStart = block.depthStart;
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
    return operand.columns % threadVector == 0 ? threadVector : 1;
  }

  void emitBlock(const BlockOfC &block) {
    bool wholeRows = contraction.grouping != ContractionGrouping::Rows && contraction.rows % tiles.rows == 0;
    TileSource lhs = source(contraction.lhs, block, block.row, wholeRows ? Value() : block.rows);
    // B begins at the expert's matrix, when each expert has its own.
    Value column = block.column;
    BlockOfC rhsBlock = block;
    if (contraction.grouping == ContractionGrouping::Rows) {
      if (contraction.rhs.depthContiguous)
        column = k.add(column, k.mul(block.expert, contraction.columns));
      else
        rhsBlock.depthStart = k.mul(block.expert, contraction.depth);
    }
    bool wholeColumns = contraction.columns % tiles.columns == 0;
    TileSource rhs = source(contraction.rhs, rhsBlock, column, wholeColumns ? Value() : block.columns);

    ProductDepth depth{contraction.depth, block.depth};
    if (split > 1 && contraction.depth % (partDepth() * split) == 0)
      depth = {partDepth(), Value()};
    k.lanes = lanes;
    emitTiledProduct(k, stage.thread(), tiles, lhs, rhs, depth, stage.shared(0), lanes, block.rows, block.columns,
                     [&](Value row, Value column, Value sum) { finish(block, row, k.add(block.column, column), sum); });
  }

  /// What becomes of `lanes` numbers of C.
  void finish(const BlockOfC &block, Value rowInBlock, Value column, Value sum) {
    Value row = k.add(block.row, rowInBlock);
    if (split > 1) {
      Value partRow = k.add(k.mul(block.part, contraction.rows), row);
      return k.storeAligned(sum, workspace(), k.add(k.mul(partRow, contraction.columns), column), lanes);
    }
    if (contraction.grouping == ContractionGrouping::Depth)
      row = k.add(k.mul(block.expert, contraction.rows), row);
    emitEpilogue(row, column, sum);
  }

  /// Computes and stores every result of the kernel for `lanes` columns of one row. A result of one column is one
  /// number per row, which the elementwise emitter takes as a scalar.
  void emitEpilogue(Value row, Value column, Value sum) {
    Value anchored = contraction.anchor->getResult(0);
    if (Type element = tensorType(anchored).getElementType(); !element.isF32())
      sum = arith::TruncFOp::create(k.builder, k.loc, k.vectorOf(element), sum);
    if (contraction.columns == 1)
      sum = vector::ExtractOp::create(k.builder, k.loc, sum, ArrayRef<int64_t>{0});
    Value element = k.add(k.mul(row, contraction.columns), column);
    ElementwiseEmitter emitter(k, [&](Value tensor, int64_t shift) -> Value {
      if (tensor == anchored)
        return sum;
      auto argument = cast<BlockArgument>(tensor);
      RankedTensorType type = tensorType(tensor);
      if (type.getNumElements() == 1)
        return numbers[argument.getArgNumber()];
      if (isOnePerRow(tensor))
        return k.load(type.getElementType(), address(argument), row);
      bool isShared = findAccess(type, tensorType(anchored)) == Access::SharedRow;
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
  Contraction contraction;
  const ThreadTiles tiles;
  const KernelConfiguration &configuration;
  const int64_t split;
  GPUStage &stage;
  KernelBuilder &k;
  int64_t lanes;
  DenseMap<unsigned, Value> numbers;
};

class ThreadContractionStrategy : public KernelStrategy {
public:
  ThreadContractionStrategy() : KernelStrategy(TargetKind::NVPTX, KernelKind::Contraction, "thread_tiles") {}

  bool serves(KernelOp kernel, Refusals &refusals) const override {
    return succeeded(analyzeContraction(*expandRowwiseOps(kernel), &refusals));
  }

  LogicalResult select(KernelOp kernel, const TargetDescription &target,
                       KernelConfiguration &configuration) const override {
    OwningOpRef<KernelOp> expanded = expandRowwiseOps(kernel);
    FailureOr<Contraction> contraction = analyzeContraction(*expanded);
    if (failed(contraction))
      return kernel.emitError("the kernel '")
             << kernel.getSymName() << "' holds no matrix product that this strategy serves";
    bool grouped = contraction->grouping != ContractionGrouping::None;
    int64_t bytes = llvm::divideCeil(elementBytes(contraction->lhs.tensor) + elementBytes(contraction->rhs.tensor), 2);
    auto [tiles, split] = chooseThreadTiles(contraction->shape, bytes, grouped ? 1 : longestSplit);
    int64_t rowTasks = contraction->rowTasks(tiles.rows), columnTasks = contraction->columnTasks(tiles.columns);
    tiles.record(configuration);
    configuration.set("split", split);
    configuration.set("row_tasks", rowTasks);
    configuration.set("column_tasks", columnTasks);
    configuration.set("rows_first", !grouped && contraction->rows <= contraction->columns);
    int64_t products = contraction->grouping == ContractionGrouping::Depth ? contraction->experts : split;
    configuration.addGPUStage("product", std::max<int64_t>(1, products * rowTasks * columnTasks), tiles.threads(),
                              tiles.sharedBytes());
    if (split > 1) {
      int64_t elements = contraction->rows * contraction->columns;
      int64_t perBlock = threadsOfSum * (contraction->columns % threadVector == 0 ? threadVector : 1);
      configuration.workspace = split * elements * 4;
      configuration.addGPUStage("sum", llvm::divideCeil(elements, perBlock), threadsOfSum);
    }
    return success();
  }

  LogicalResult lower(KernelOp kernel, const KernelConfiguration &configuration, const TargetDescription &target,
                      OpBuilder &builder) const override {
    OwningOpRef<KernelOp> expanded = expandRowwiseOps(kernel);
    for (unsigned index = 0; index < configuration.stages.size(); ++index) {
      GPUStage stage(builder, kernel, configuration, index, target);
      ThreadContractionEmitter emitter(*expanded, configuration, stage);
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
