//===- Reduction.cpp - embedding and the gradients that add rows, on NVIDIA GPUs ----------------------------------===//
//
// embedding: a thread copies vectors of the table's rows.
//
// rms_norm_weight_gradient: a block sums arithmetic::hopper::rowBlock rows, its threads the owners of fixed columns,
// and leaves one row in the workspace; a second stage adds these rows. Both are told in
// docs/architecture/gpu-kernels/reduction.md.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/ColumnSums.h"
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/Target/Arithmetic.h"

using namespace mlir;
using namespace hadal;

namespace {

class GPUEmbeddingStrategy : public GPUAnchoredStrategy<EmbeddingOp> {
public:
  GPUEmbeddingStrategy() : GPUAnchoredStrategy(KernelKind::Reduction, "gather_rows_of_table") {}

protected:
  static int64_t lanesOf(EmbeddingOp op) { return commonLanes(4, {columnsOf(op.getResult())}); }
  std::optional<Share> share(EmbeddingOp op, const TargetDescription &target) const override {
    return Share{chooseItemsPerThread(elementsOf(op.getResult()) / lanesOf(op), /*mostPerThread=*/4, target), 4};
  }
  void plan(EmbeddingOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    addItemStage(configuration, "gather", elementsOf(op.getResult()) / lanesOf(op));
  }
  void emitStage(EmbeddingOp op, unsigned, GPUAnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), lanes = k.lanes = lanesOf(op);
    int64_t vectors = columns / lanes;
    auto compute = [&](Value item) -> SmallVector<Value> {
      Value token = k.extend(k.load(k.i32(), context.operand(0), k.div(item, vectors)));
      Value from = k.add(k.mul(token, columns), k.mul(k.rem(item, vectors), lanes));
      Value row = k.loadAligned(k.f32(), context.operand(1), from, lanes);
      return {context.total(0, row, k.mul(item, lanes), lanes)};
    };
    context.stage.forItems(
        elementsOf(op.getResult()) / lanes, context.configuration.share(), compute,
        [&](Value item, ValueRange row) { context.storeTotal(0, row[0], k.mul(item, lanes), lanes); });
  }
};

class GPUNormWeightGradientStrategy : public GPUAnchoredStrategy<RMSNormWeightGradientOp> {
public:
  GPUNormWeightGradientStrategy() : GPUAnchoredStrategy(KernelKind::Reduction, "row_blocks_then_columns") {}

protected:
  /// How threads share rows and columns. As many threads as a row's squares have lanes for, or fewer; the sums of a
  /// thread's columns stay in registers, 32 at most; what a block cannot own goes to further tiles. Several rows at a
  /// time: their loads are under way together, and they share the barriers.
  struct Layout {
    int64_t lanes, threads, perThread, tiles, together;
    explicit Layout(RMSNormWeightGradientOp op) {
      int64_t columns = columnsOf(op.getInput());
      lanes = commonLanes(4, {columns});
      int64_t vectors = columns / lanes, mostThreads = arithmetic::hopper::lanes / lanes;
      threads = std::clamp<int64_t>(llvm::PowerOf2Ceil(vectors), warpSize, std::min<int64_t>(mostThreads, 256));
      perThread = std::min<int64_t>(llvm::divideCeil(vectors, threads), 32 / lanes);
      tiles = llvm::divideCeil(vectors, threads * perThread);
      together = std::clamp<int64_t>(16 / (perThread * lanes), 1, 4);
    }
  };

  void plan(RMSNormWeightGradientOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    Layout layout(op);
    int64_t columns = columnsOf(op.getInput());
    int64_t blocks = llvm::divideCeil(rowsOf(op.getInput()), arithmetic::hopper::rowBlock);
    configuration.addGPUStage("blocks", blocks * layout.tiles, layout.threads,
                              reductionBytes(layout.together, layout.threads, layout.lanes * int64_t(sizeof(float))));
    addColumnSumStage(configuration, "columns", blocks, columns);
    configuration.workspace = blocks * columns * sizeof(float);
  }

  void emitStage(RMSNormWeightGradientOp op, unsigned stage, GPUAnchorContext &context) const override {
    if (stage == 0)
      return BlockEmitter(op, context).emit();
    int64_t columns = columnsOf(op.getInput()), rows = rowsOf(op.getInput());
    int64_t blocks = llvm::divideCeil(rows, arithmetic::hopper::rowBlock);
    emitColumnSums(context.stage, context.workspace(), blocks, columns,
                   [&](Value column, Value sum) { context.store(0, sum, column); });
  }

private:
  /// The first stage.
  class BlockEmitter {
  public:
    BlockEmitter(RMSNormWeightGradientOp op, GPUAnchorContext &context)
        : op(op), context(context), stage(context.stage), k(context.k), rows(rowsOf(op.getInput())),
          columns(columnsOf(op.getInput())), layout(op), lanes(layout.lanes), perThread(layout.perThread),
          tiles(layout.tiles), vectors(columns / lanes) {}

    void emit() {
      k.lanes = lanes;
      constexpr int64_t perBlock = arithmetic::hopper::rowBlock;
      int64_t together = layout.together;
      Value block = tiles == 1 ? stage.block() : k.div(stage.block(), tiles);
      findColumns();
      Value begin = k.mul(block, perBlock), end = k.min(k.add(begin, perBlock), k.i64(rows));
      SmallVector<Value> sums(perThread, k.splat(0.0));
      sums = k.forReduce(begin, end, together, sums,
                         [&](Value row, ValueRange carried) { return addRows(row, end, together, carried); });
      for (int64_t i = 0; i < perThread; ++i)
        ifOwned(i, [&] {
          Value index = k.add(k.mul(block, columns), k.mul(owned[i], lanes));
          k.storeAligned(sums[i], context.workspace(), index, lanes);
        });
    }

  private:
    /// The vectors of columns that this thread owns; those beyond the row are the last vector, and not stored.
    void findColumns() {
      Value first = stage.thread();
      if (tiles > 1)
        first = k.add(first, k.mul(k.rem(stage.block(), tiles), stage.threads() * perThread));
      for (int64_t i = 0; i < perThread; ++i) {
        Value vector = k.add(first, i * stage.threads());
        bool whole =
            vectors % (stage.threads() * perThread) == 0 || (tiles == 1 && (i + 1) * stage.threads() <= vectors);
        exists.push_back(whole ? Value() : k.less(vector, k.i64(vectors)));
        owned.push_back(whole ? vector : k.min(vector, k.i64(vectors - 1)));
      }
    }
    void ifOwned(int64_t i, function_ref<void()> body) {
      if (exists[i])
        k.ifThen(exists[i], body);
      else
        body();
    }

    /// Adds Σ x / rms(x) · gradient of some rows to the sums.
    SmallVector<Value> addRows(Value row, Value end, int64_t together, ValueRange carried) {
      TypedPointer input = context.numbers(0), gradient = context.numbers(1);
      SmallVector<SmallVector<Value>> x(together), g(together);
      SmallVector<SmallVector<Value>> lanesOfSquares;
      SmallVector<Value> inRange;
      for (int64_t i = 0; i < together; ++i) {
        Value own = k.add(row, i), valid;
        if (rows % together != 0 || arithmetic::hopper::rowBlock % together != 0) {
          valid = k.less(own, end);
          own = k.min(own, k.i64(rows - 1));
        }
        inRange.push_back(valid);
        Value base = k.mul(own, columns);
        for (Value vector : owned) {
          Value index = k.add(base, k.mul(vector, lanes));
          x[i].push_back(k.loadAligned(input, index, lanes));
          g[i].push_back(k.loadAligned(gradient, index, lanes));
        }
        lanesOfSquares.push_back(tiles == 1 ? squaresOf(x[i]) : squaresOfWholeRow(base));
      }
      // The last rows' sums have been read when their memory is written again.
      stage.barrier();
      SmallVector<Reduction> kinds(together, Reduction::Add);
      SmallVector<Value> squares = stage.joinLanes(lanesOfSquares, kinds, stage.threads(), 0);
      SmallVector<Value> sums(carried);
      for (int64_t i = 0; i < together; ++i) {
        Value mean = k.mulf(squares[i], k.f32(1.0 / double(columns)));
        Value shifted = k.addf(mean, k.f32(op.getEps().convertToDouble()));
        Value scale = math::RsqrtOp::create(k.builder, k.loc, shifted);
        if (inRange[i])
          scale = k.select(inRange[i], scale, k.f32(0.0));
        for (int64_t j = 0; j < perThread; ++j)
          sums[j] = k.fma(k.mulf(x[i][j], k.broadcast(scale)), g[i][j], sums[j]);
      }
      return sums;
    }

    /// Accumulators of a thread for the squares of a row.
    int64_t accumulators() const { return arithmetic::hopper::lanes / (stage.threads() * lanes); }

    /// A thread's lanes of a row that the block owns: vector i of the thread is the i-th stride of the row.
    SmallVector<Value> squaresOf(ArrayRef<Value> row) {
      SmallVector<Value> sums(accumulators());
      for (auto [i, x] : llvm::enumerate(row)) {
        Value &sum = sums[i % sums.size()];
        Value before = sum ? sum : k.splat(0.0), square = k.fma(x, x, before);
        sum = exists[i] ? k.select(exists[i], square, before) : square;
      }
      return sums;
    }
    /// The same when the row is longer than what the block owns.
    SmallVector<Value> squaresOfWholeRow(Value base) {
      int64_t count = accumulators();
      return k.forReduce(k.i64(0), k.i64(vectors), stage.threads() * count, SmallVector<Value>(count, k.splat(0.0)),
                         [&](Value start, ValueRange carried) {
                           SmallVector<Value> next(carried);
                           for (int64_t i = 0; i < count; ++i) {
                             Value vector = k.add(k.add(start, stage.thread()), i * stage.threads());
                             Value within = k.min(vector, k.i64(vectors - 1));
                             Value x = k.loadAligned(context.numbers(0), k.add(base, k.mul(within, lanes)), lanes);
                             next[i] = k.select(k.less(vector, k.i64(vectors)), k.fma(x, x, next[i]), next[i]);
                           }
                           return next;
                         });
    }

    RMSNormWeightGradientOp op;
    GPUAnchorContext &context;
    GPUStage &stage;
    KernelBuilder &k;
    const int64_t rows, columns;
    const Layout layout;
    const int64_t lanes, perThread, tiles, vectors;
    SmallVector<Value> owned, exists;
  };
};

} // namespace

void hadal::registerGPUReductionStrategies() {
  registerStrategy(std::make_unique<GPUEmbeddingStrategy>());
  registerStrategy(std::make_unique<GPUNormWeightGradientStrategy>());
}
