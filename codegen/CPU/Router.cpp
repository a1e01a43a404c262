//===- Router.cpp - the choice of experts and its gradient --------------------------------------------------------===//
//
// A task is a fixed block of tokens. Per token: scores, selection scores (bias added, groups limited), then k times the
// largest. The load is counted per block in the workspace and added up by a second stage; counts are whole numbers, so
// the sum is exact in any order.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/CPU/ExpertScores.h"
#include <limits>

using namespace mlir;
using namespace hadal;

namespace {

/// What the sum of the chosen scores is increased by before it divides them.
constexpr double normalizationEpsilon = 1.0e-20;

int64_t tokensPerTask(int64_t tokens) { return std::max<int64_t>(16, llvm::divideCeil(tokens, 64)); }

class RouterStrategy : public AnchoredStrategy<RouterOp> {
public:
  RouterStrategy() : AnchoredStrategy(KernelKind::Routing, "repeated_largest") {}

protected:
  std::optional<Share> share(RouterOp op, const TargetDescription &) const override {
    int64_t tokens = rowsOf(op.getLogits());
    return Share{std::min(tokens, tokensPerTask(tokens)), tokens};
  }
  void plan(RouterOp op, const TargetDescription &target, KernelConfiguration &configuration) const override {
    int64_t experts = columnsOf(op.getLogits()), tokens = rowsOf(op.getLogits());
    int64_t blocks = llvm::divideCeil(tokens, configuration.share());
    configuration.addStage("choose", blocks);
    if (!op.getLoad().use_empty()) {
      configuration.addStage("load", 1);
      configuration.workspace = blocks * experts * sizeof(float);
    }
    // Scores, selection scores, scores of the groups, the chosen scores.
    configuration.scratch = (2 * paddedLength(experts, target.lanes) + paddedLength(op.getGroups(), target.lanes) +
                             paddedLength(op.getTopK(), target.lanes)) *
                            sizeof(float);
  }

  void emitStage(RouterOp op, unsigned stage, AnchorContext &context) const override {
    if (stage == 0)
      emitChoice(op, context);
    else
      emitLoad(op, context);
  }

private:
  static void emitChoice(RouterOp op, AnchorContext &context) {
    KernelBuilder &k = context.k;
    int64_t experts = columnsOf(op.getLogits()), tokens = rowsOf(op.getLogits());
    int64_t perTask = context.configuration.share();
    bool counts = context.configuration.workspace > 0;
    context.stage.forTasks([&](Value task) {
      Value load;
      if (counts) {
        load = k.address(context.workspace(), k.mul(task, experts), k.f32());
        k.forVectors(0, experts, [&](Value index, Value mask) { k.storeVector(k.splat(0.0), load, index, mask); });
      }
      Value begin = k.mul(task, perTask), end = k.min(k.add(begin, perTask), k.i64(tokens));
      k.forLoop(begin, end, 1, [&](Value token) { emitToken(op, context, token, load); });
    });
  }

  static void emitToken(RouterOp op, AnchorContext &context, Value token, Value load) {
    KernelBuilder &k = context.k;
    int64_t experts = columnsOf(op.getLogits()), topK = op.getTopK();
    int64_t padded = paddedLength(experts, k.lanes);
    Value scores = k.scratch, selection = k.address(scores, k.i64(padded), k.f32());
    Value groups = k.address(selection, k.i64(padded), k.f32());
    Value chosen = k.address(groups, k.i64(paddedLength(op.getGroups(), k.lanes)), k.f32());
    Value logits = k.address(context.operand(0), k.mul(token, experts), k.f32());
    emitScores(k, op.getScoreFunction(), logits, experts, scores);
    bool biased = !op.getWeights().empty();
    k.forVectors(0, experts, [&](Value index, Value mask) {
      Value s = k.loadVector(scores, index);
      if (biased)
        s = k.addf(s, k.loadVector(context.operand(1), index, mask));
      Value nan = k.splat(std::numeric_limits<double>::quiet_NaN());
      k.storeVector(mask ? k.select(mask, s, nan) : s, selection, index);
    });
    if (op.getGroups() > 1)
      limitGroups(op, k, selection, groups);

    Value first = k.mul(token, topK), last = k.i64(topK);
    Value sum = k.forReduce(k.i64(0), last, 1, {k.f32(0.0)}, [&](Value choice, ValueRange carried) {
      Value expert = takeLargest(k, selection, experts), at = k.extend(expert);
      Value score = k.load(k.f32(), scores, at);
      context.store(0, expert, k.add(first, choice));
      k.store(score, chosen, choice);
      if (load)
        k.store(k.addf(k.load(k.f32(), load, at), k.f32(1.0)), load, at);
      return SmallVector<Value>{k.addf(carried[0], score)};
    })[0];
    Value factor = k.f32(op.getScale().convertToDouble());
    if (op.getNormalize())
      factor = k.divf(factor, k.addf(sum, k.f32(normalizationEpsilon)));
    k.forLoop(k.i64(0), last, 1, [&](Value choice) {
      context.store(1, k.mulf(k.load(k.f32(), chosen, choice), factor), k.add(first, choice));
    });
  }

  /// Gives the experts outside the best groups a selection score that loses. A group that was taken has NaN for a
  /// score.
  static void limitGroups(RouterOp op, KernelBuilder &k, Value selection, Value groups) {
    int64_t count = op.getGroups(), size = columnsOf(op.getLogits()) / count;
    Value nan = k.splat(std::numeric_limits<double>::quiet_NaN());
    Value low = k.f32(-std::numeric_limits<double>::infinity());
    forPadded(k, count, [&](Value index) { k.storeVector(nan, groups, index); });
    k.forLoop(k.i64(0), k.i64(count), 1, [&](Value group) {
      Value begin = k.mul(group, size);
      SmallVector<Value> best =
          k.forReduce(begin, k.add(begin, size), 1, {low, low}, [&](Value expert, ValueRange carried) {
            Value x = k.load(k.f32(), selection, expert), isBest = k.less(carried[0], x);
            Value second = k.select(isBest, carried[0], k.select(k.less(carried[1], x), x, carried[1]));
            return SmallVector<Value>{k.select(isBest, x, carried[0]), second};
          });
      bool two = op.getGroupScore() == GroupScore::Top2Sum && size > 1;
      k.store(two ? k.addf(best[0], best[1]) : best[0], groups, group);
    });
    k.forLoop(k.i64(0), k.i64(op.getTopGroups()), 1, [&](Value) { takeLargest(k, groups, count); });
    Value excluded = op.getExcludedGroups() == ExcludedGroups::Zero ? k.f32(0.0) : low;
    k.forLoop(k.i64(0), k.i64(count), 1, [&](Value group) {
      Value score = k.load(k.f32(), groups, group), begin = k.mul(group, size);
      k.ifThen(k.equal(score, score), [&] {
        k.forLoop(begin, k.add(begin, size), 1, [&](Value expert) { k.store(excluded, selection, expert); });
      });
    });
  }

  static void emitLoad(RouterOp op, AnchorContext &context) {
    KernelBuilder &k = context.k;
    int64_t experts = columnsOf(op.getLogits()), blocks = context.configuration.stages[0].tasks;
    k.forVectors(0, experts, [&](Value index, Value mask) {
      Value sum = k.forReduce(k.i64(0), k.i64(blocks), 1, {k.splat(0.0)}, [&](Value block, ValueRange carried) {
        Value at = k.add(k.mul(block, experts), index);
        return SmallVector<Value>{k.addf(carried[0], k.loadVector(context.workspace(), at, mask))};
      })[0];
      context.store(2, sum, index, mask);
    });
  }
};

class RouterGradientStrategy : public AnchoredStrategy<RouterGradientOp> {
public:
  RouterGradientStrategy() : AnchoredStrategy(KernelKind::Routing, "token_blocks") {}

protected:
  std::optional<Share> share(RouterGradientOp op, const TargetDescription &) const override {
    int64_t tokens = rowsOf(op.getLogits());
    return Share{std::min(tokens, tokensPerTask(tokens)), tokens};
  }
  void plan(RouterGradientOp op, const TargetDescription &target, KernelConfiguration &configuration) const override {
    configuration.addStage("tokens", llvm::divideCeil(rowsOf(op.getLogits()), configuration.share()));
    configuration.scratch = 2 * paddedLength(columnsOf(op.getLogits()), target.lanes) * sizeof(float);
  }

  // With u_j the chosen scores and S = Σ u + ε, w_j = scale u_j / S, so du_j = scale (g_j - Σ_i g_i u_i / S) / S.
  void emitStage(RouterGradientOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t experts = columnsOf(op.getLogits()), topK = columnsOf(op.getIndices());
    Value scores = k.scratch, slopes = k.address(scores, k.i64(paddedLength(experts, k.lanes)), k.f32());
    context.forItems(rowsOf(op.getLogits()), context.configuration.share(), [&](Value token) {
      Value row = k.mul(token, experts), first = k.mul(token, topK);
      emitScores(k, op.getScoreFunction(), k.address(context.operand(0), row, k.f32()), experts, scores);
      forPadded(k, experts, [&](Value index) { k.storeVector(k.splat(0.0), slopes, index); });
      auto expertOf = [&](Value choice) { return k.extend(k.load(k.i32(), context.operand(1), k.add(first, choice))); };
      auto gradientOf = [&](Value choice) { return k.load(k.f32(), context.operand(2), k.add(first, choice)); };
      Value factor = k.f32(op.getScale().convertToDouble()), mean = k.f32(0.0);
      if (op.getNormalize()) {
        SmallVector<Value> sums =
            k.forReduce(k.i64(0), k.i64(topK), 1, {k.f32(0.0), k.f32(0.0)}, [&](Value choice, ValueRange carried) {
              Value u = k.load(k.f32(), scores, expertOf(choice));
              return SmallVector<Value>{k.addf(carried[0], u), k.fma(u, gradientOf(choice), carried[1])};
            });
        Value sum = k.addf(sums[0], k.f32(normalizationEpsilon));
        mean = k.divf(sums[1], sum);
        factor = k.divf(factor, sum);
      }
      k.forLoop(k.i64(0), k.i64(topK), 1, [&](Value choice) {
        Value expert = expertOf(choice), slope = k.mulf(factor, k.subf(gradientOf(choice), mean));
        k.store(k.addf(k.load(k.f32(), slopes, expert), slope), slopes, expert);
      });
      emitScoreGradient(k, op.getScoreFunction(), scores, slopes, experts, [&](Value value, Value index, Value mask) {
        context.store(0, value, k.add(row, index), mask);
      });
    });
  }
};

} // namespace

void hadal::registerRouterStrategies() {
  registerStrategy(std::make_unique<RouterStrategy>());
  registerStrategy(std::make_unique<RouterGradientStrategy>());
}
