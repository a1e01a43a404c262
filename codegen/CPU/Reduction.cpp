//===- Reduction.cpp - embedding and the gradients that add rows --------------------------------------------------===//
//
// embedding: a task copies a block of rows of the table.
//
// embedding_gradient: a task owns a range of the vocabulary. It clears (or takes over) the range's rows, then goes
// through all tokens in order and adds the gradient rows of those that lie in its range. Every row is summed in the
// order of the tokens, whatever runs elsewhere.
//
// rms_norm_weight_gradient: a task sums a fixed block of rows into a row of its own in the workspace; a second stage
// adds these rows in order, each task for some columns.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/CPU/SharedFunctions.h"
#include "codegen/Target/Arithmetic.h"

using namespace mlir;
using namespace hadal;

namespace {

class EmbeddingStrategy : public AnchoredStrategy<EmbeddingOp> {
public:
  EmbeddingStrategy() : AnchoredStrategy(KernelKind::Reduction, "gather_rows_of_table") {}

protected:
  std::optional<Share> share(EmbeddingOp op, const TargetDescription &) const override {
    int64_t rows = rowsOf(op.getResult());
    return Share{rowsPerTask(rows, columnsOf(op.getResult())), rows};
  }
  void plan(EmbeddingOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("gather", llvm::divideCeil(rowsOf(op.getResult()), configuration.share()));
  }
  void emitStage(EmbeddingOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult());
    context.forItems(rowsOf(op.getResult()), context.configuration.share(), [&](Value row) {
      Value token = k.extend(k.load(k.i32(), context.operand(0), row));
      Value from = k.mul(token, columns), to = k.mul(row, columns);
      k.forVectors(0, columns, [&](Value column, Value mask) {
        context.store(0, k.loadVector(context.operand(1), k.add(from, column), mask), k.add(to, column), mask);
      });
    });
  }
};

class EmbeddingGradientStrategy : public AnchoredStrategy<EmbeddingGradientOp> {
public:
  EmbeddingGradientStrategy() : AnchoredStrategy(KernelKind::Reduction, "vocabulary_ranges") {}

protected:
  std::optional<Share> share(EmbeddingGradientOp op, const TargetDescription &) const override {
    // Every task reads all tokens: few enough tasks that this is little against the rows, enough for many cores.
    int64_t vocabulary = rowsOf(op.getResult());
    return Share{int64_t(llvm::divideCeil(vocabulary, 128)), vocabulary};
  }
  void plan(EmbeddingGradientOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("add", llvm::divideCeil(rowsOf(op.getResult()), configuration.share()));
  }
  void emitStage(EmbeddingGradientOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), vocabulary = rowsOf(op.getResult());
    int64_t perTask = context.configuration.share();
    Value result = context.result(0);
    context.stage.forTasks([&](Value task) {
      Value begin = k.mul(task, perTask), end = k.min(k.add(begin, perTask), k.i64(vocabulary));
      start(context, k.mul(begin, columns), k.mul(k.sub(end, begin), columns));
      k.forLoop(k.i64(0), k.i64(elementsOf(op.getTokens())), 1, [&](Value position) {
        Value token = k.extend(k.load(k.i32(), context.operand(0), position));
        // begin <= token < end, by one unsigned comparison.
        Value inside =
            arith::CmpIOp::create(k.builder, k.loc, arith::CmpIPredicate::ult, k.sub(token, begin), k.sub(end, begin));
        k.ifThen(inside, [&] {
          Value from = k.mul(position, columns), to = k.mul(token, columns);
          k.forVectors(0, columns, [&](Value column, Value mask) {
            Value sum = k.addf(k.loadVector(result, k.add(to, column), mask),
                               k.loadVector(context.operand(1), k.add(from, column), mask));
            k.storeVector(sum, result, k.add(to, column), mask);
          });
        });
      });
    });
  }

private:
  /// Brings a range of the result to what is added to: zero, or the accumulated operand unless it is the same buffer.
  static void start(AnchorContext &context, Value first, Value count) {
    KernelBuilder &k = context.k;
    Value to = k.address(context.result(0), first, k.f32()), bytes = k.mul(count, sizeof(float));
    auto takeOver = [&] {
      Value from = k.address(context.accumulatedOperand(0), first, k.f32());
      Value differs = LLVM::ICmpOp::create(k.builder, k.loc, LLVM::ICmpPredicate::ne, from, to);
      k.ifThen(differs, [&] { LLVM::MemcpyOp::create(k.builder, k.loc, to, from, bytes, /*isVolatile=*/false); });
    };
    auto clear = [&] {
      Value zero = k.constant(k.builder.getI8Type(), 0);
      LLVM::MemsetOp::create(k.builder, k.loc, to, zero, bytes, /*isVolatile=*/false);
    };
    context.accumulation(0).branch(k, takeOver, clear);
  }
};

class NormWeightGradientStrategy : public AnchoredStrategy<RMSNormWeightGradientOp> {
public:
  NormWeightGradientStrategy() : AnchoredStrategy(KernelKind::Reduction, "row_blocks_then_columns") {}

protected:
  static constexpr int64_t columnsPerTask = 256;

  void plan(RMSNormWeightGradientOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    int64_t rows = rowsOf(op.getInput()), columns = columnsOf(op.getInput());
    int64_t blocks = llvm::divideCeil(rows, arithmetic::rowBlock);
    configuration.addStage("blocks", blocks);
    configuration.addStage("columns", llvm::divideCeil(columns, columnsPerTask));
    configuration.workspace = blocks * columns * sizeof(float);
  }

  void emitStage(RMSNormWeightGradientOp op, unsigned stage, AnchorContext &context) const override {
    if (stage == 0)
      emitBlocks(op, context);
    else
      emitColumns(op, context);
  }

private:
  static void emitBlocks(RMSNormWeightGradientOp op, AnchorContext &context) {
    KernelBuilder &k = context.k;
    int64_t rows = rowsOf(op.getInput()), columns = columnsOf(op.getInput());
    TypedPointer input = context.numbers(0), gradient = context.numbers(1);
    context.stage.forTasks([&](Value task) {
      Value sums = k.address(context.workspace(), k.mul(task, columns), k.f32());
      k.forVectors(0, columns, [&](Value column, Value mask) { k.storeVector(k.splat(0.0), sums, column, mask); });
      Value begin = k.mul(task, arithmetic::rowBlock);
      Value end = k.min(k.add(begin, arithmetic::rowBlock), k.i64(rows));
      k.forLoop(begin, end, 1, [&](Value row) {
        TypedPointer x = at(k, input, k.mul(row, columns)), g = at(k, gradient, k.mul(row, columns));
        Value squares =
            k.forVectorsReduce(0, columns, {k.splat(0.0)}, [&](Value column, Value mask, ValueRange carried) {
              Value value = k.loadVector(x, column, mask);
              return SmallVector<Value>{k.fma(value, value, carried[0])};
            })[0];
        Value mean = k.mulf(k.reduceAdd(squares), k.f32(1.0 / double(columns)));
        Value shifted = k.addf(mean, k.f32(op.getEps().convertToDouble()));
        Value scale = k.broadcast(math::RsqrtOp::create(k.builder, k.loc, shifted));
        k.forVectors(0, columns, [&](Value column, Value mask) {
          Value term = k.mulf(k.loadVector(x, column, mask), scale);
          Value sum = k.fma(term, k.loadVector(g, column, mask), k.loadVector(sums, column, mask));
          k.storeVector(sum, sums, column, mask);
        });
      });
    });
  }

  static void emitColumns(RMSNormWeightGradientOp op, AnchorContext &context) {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getInput()), blocks = context.configuration.stages[0].tasks;
    Value sums = context.workspace();
    context.stage.forTasks([&](Value task) {
      Value begin = k.mul(task, columnsPerTask), end = k.min(k.add(begin, columnsPerTask), k.i64(columns));
      k.forLoop(begin, end, k.lanes, [&](Value column) {
        Value mask = k.maskFor(k.sub(end, column));
        Value total = k.forReduce(k.i64(0), k.i64(blocks), 1, {k.splat(0.0)}, [&](Value block, ValueRange carried) {
          return SmallVector<Value>{k.addf(carried[0], k.loadVector(sums, k.add(k.mul(block, columns), column), mask))};
        })[0];
        context.store(0, total, column, mask);
      });
    });
  }
};

} // namespace

void hadal::registerReductionStrategies() {
  registerStrategy(std::make_unique<EmbeddingStrategy>());
  registerStrategy(std::make_unique<EmbeddingGradientStrategy>());
  registerStrategy(std::make_unique<NormWeightGradientStrategy>());
}
