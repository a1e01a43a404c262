//===- Routing.cpp - moving tokens to experts and back ------------------------------------------------------------===//
//
// tokens, gather_rows and combine_rows_gradient move or scale whole rows: a task is a block of rows of the result.
// combine_rows adds the k rows of a token in rising order of the choice, in registers. dispatch is a stable counting
// sort by one task: its N = T·k integers are few, and its passes are short.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/CPU/SharedFunctions.h"

using namespace mlir;
using namespace hadal;

namespace {

class TokensStrategy : public AnchoredStrategy<TokensOp> {
public:
  TokensStrategy() : AnchoredStrategy(KernelKind::Routing, "copy_rows") {}

protected:
  void plan(TokensOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("copy", rowsOf(op.getResult()), rowsOf(op.getResult()));
  }
  void emitStage(TokensOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), window = columnsOf(op.getWindow());
    context.stage.forTasks([&](Value row) {
      Value from = k.add(k.mul(row, window), int64_t(op.getAhead())), to = k.mul(row, columns);
      k.forVectors(0, columns, [&](Value column, Value mask) {
        Value tokens = k.loadVector(context.operand(0), k.add(from, column), mask, k.i32());
        context.store(0, tokens, k.add(to, column), mask);
      });
    });
  }
};

/// Stable counting sort: count, sum up, place. The scratch holds the next free row of every expert.
class DispatchStrategy : public AnchoredStrategy<DispatchOp> {
public:
  DispatchStrategy() : AnchoredStrategy(KernelKind::Routing, "counting_sort") {}

protected:
  void plan(DispatchOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("sort", 1);
    configuration.scratch = elementsOf(op.getOffsets()) * sizeof(int32_t);
  }
  void emitStage(DispatchOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t count = elementsOf(op.getIndices()), experts = elementsOf(op.getOffsets()) - 1;
    Value next = k.scratch, indices = context.operand(0), one = k.i32(1);
    Value first = k.i64(0), last = k.i64(experts), end = k.i64(count);
    auto expertOf = [&](Value pair) { return k.extend(k.load(k.i32(), indices, pair)); };
    k.forLoop(first, last, 1, [&](Value expert) { k.store(k.i32(0), next, expert); });
    k.forLoop(first, end, 1, [&](Value pair) {
      Value expert = expertOf(pair);
      k.store(k.add(k.load(k.i32(), next, expert), one), next, expert);
    });
    SmallVector<Value> total = k.forReduce(first, last, 1, {k.i32(0)}, [&](Value expert, ValueRange carried) {
      Value own = k.load(k.i32(), next, expert);
      context.store(2, carried[0], expert);
      k.store(carried[0], next, expert);
      return SmallVector<Value>{k.add(carried[0], own)};
    });
    context.store(2, total[0], last);
    k.forLoop(first, end, 1, [&](Value pair) {
      Value expert = expertOf(pair), row = k.load(k.i32(), next, expert);
      k.store(k.add(row, one), next, expert);
      context.store(0, k.truncate(pair), k.extend(row));
      context.store(1, row, pair);
    });
  }
};

class GatherRowsStrategy : public AnchoredStrategy<GatherRowsOp> {
public:
  GatherRowsStrategy() : AnchoredStrategy(KernelKind::Routing, "copy_rows") {}

protected:
  std::optional<Share> share(GatherRowsOp op, const TargetDescription &) const override {
    int64_t rows = rowsOf(op.getResult());
    return Share{rowsPerTask(rows, columnsOf(op.getResult())), rows};
  }
  void plan(GatherRowsOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("copy", llvm::divideCeil(rowsOf(op.getResult()), configuration.share()));
  }
  void emitStage(GatherRowsOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), choices = columnsOf(op.getRows());
    context.forItems(rowsOf(op.getResult()), context.configuration.share(), [&](Value row) {
      Value pair = k.extend(k.load(k.i32(), context.operand(1), row));
      Value from = k.mul(k.div(pair, choices), columns), to = k.mul(row, columns);
      k.forVectors(0, columns, [&](Value column, Value mask) {
        context.store(0, k.loadVector(context.numbers(0), k.add(from, column), mask), k.add(to, column), mask);
      });
    });
  }
};

class CombineRowsStrategy : public AnchoredStrategy<CombineRowsOp> {
public:
  CombineRowsStrategy() : AnchoredStrategy(KernelKind::Routing, "add_rows_in_order") {}

protected:
  std::optional<Share> share(CombineRowsOp op, const TargetDescription &) const override {
    int64_t rows = rowsOf(op.getResult());
    return Share{rowsPerTask(rows, columnsOf(op.getResult()) * (columnsOf(op.getRows()) + 1)), rows};
  }
  void plan(CombineRowsOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("add", llvm::divideCeil(rowsOf(op.getResult()), configuration.share()));
  }
  void emitStage(CombineRowsOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), choices = columnsOf(op.getRows());
    bool weighted = bool(op.getExpertWeights());
    context.forItems(rowsOf(op.getResult()), context.configuration.share(), [&](Value token) {
      SmallVector<TypedPointer> rows;
      SmallVector<Value> weights;
      for (int64_t choice = 0; choice < choices; ++choice) {
        Value pair = k.add(k.mul(token, choices), choice);
        Value row = k.extend(k.load(k.i32(), context.operand(1), pair));
        rows.push_back(at(k, context.numbers(0), k.mul(row, columns)));
        if (weighted)
          weights.push_back(k.broadcast(k.load(k.f32(), context.operand(3), pair)));
      }
      k.forVectors(0, columns, [&](Value column, Value mask) {
        Value sum;
        for (int64_t choice = 0; choice < choices; ++choice) {
          Value x = k.loadVector(rows[choice], column, mask);
          if (weighted)
            sum = sum ? k.fma(weights[choice], x, sum) : k.mulf(weights[choice], x);
          else
            sum = sum ? k.addf(sum, x) : x;
        }
        context.store(0, sum, k.add(k.mul(token, columns), column), mask);
      });
    });
  }
};

class CombineRowsGradientStrategy : public AnchoredStrategy<CombineRowsGradientOp> {
public:
  CombineRowsGradientStrategy() : AnchoredStrategy(KernelKind::Routing, "scale_rows") {}

protected:
  std::optional<Share> share(CombineRowsGradientOp op, const TargetDescription &) const override {
    int64_t rows = rowsOf(op.getInput());
    return Share{rowsPerTask(rows, 3 * columnsOf(op.getInput())), rows};
  }
  void plan(CombineRowsGradientOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("rows", llvm::divideCeil(rowsOf(op.getInput()), configuration.share()));
  }
  void emitStage(CombineRowsGradientOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getInput()), choices = columnsOf(op.getExpertWeights());
    context.forItems(rowsOf(op.getInput()), context.configuration.share(), [&](Value row) {
      Value pair = k.extend(k.load(k.i32(), context.operand(1), row));
      Value weight = k.broadcast(k.load(k.f32(), context.operand(2), pair));
      Value gradient = k.mul(k.div(pair, choices), columns), own = k.mul(row, columns);
      Value product = k.forVectorsReduce(0, columns, {k.splat(0.0)}, [&](Value column, Value mask, ValueRange carried) {
        Value g = k.loadVector(context.operand(3), k.add(gradient, column), mask);
        Value x = k.loadVector(context.numbers(0), k.add(own, column), mask);
        context.store(0, k.mulf(weight, g), k.add(own, column), mask);
        return SmallVector<Value>{k.fma(g, x, carried[0])};
      })[0];
      context.store(1, k.reduceAdd(product), pair);
    });
  }
};

} // namespace

void hadal::registerRoutingStrategies() {
  registerStrategy(std::make_unique<TokensStrategy>());
  registerStrategy(std::make_unique<DispatchStrategy>());
  registerStrategy(std::make_unique<GatherRowsStrategy>());
  registerStrategy(std::make_unique<CombineRowsStrategy>());
  registerStrategy(std::make_unique<CombineRowsGradientStrategy>());
}
