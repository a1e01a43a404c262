//===- Router.cpp - the choice of experts and its gradient on NVIDIA GPUs -----------------------------------------===//
//
// A warp per token, the token's scores in its registers (see WarpRow.h). Per token: scores, selection scores (bias
// added, groups limited), then k times the largest. When the load is wanted, a warp goes through several tokens and
// counts in registers; the counts of a block's warps are added in shared memory, those of the blocks by a second stage.
// Counts are whole numbers, so their sum is exact in any order.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/ColumnSums.h"
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"
#include "codegen/GPU/Frames/WarpRow.h"
#include "codegen/GPU/GPUStrategies.h"
#include <limits>

using namespace mlir;
using namespace hadal;

namespace {

/// What the sum of the chosen scores is increased by before it divides them.
constexpr double normalizationEpsilon = 1.0e-20;
constexpr int64_t threads = 256, warps = threads / warpSize;

/// Emits the choice for the tokens of one warp.
class ChoiceEmitter {
public:
  ChoiceEmitter(RouterOp op, GPUAnchorContext &context)
      : op(op), context(context), stage(context.stage), k(context.k), experts(stage, columnsOf(op.getLogits())),
        choices(stage, op.getTopK()) {}

  /// The shared memory of a block: per warp a row of selection scores and one of groups, where groups are limited, and
  /// per warp a row of counts.
  static int64_t groupBytes(RouterOp op) {
    int64_t perWarp = columnsOf(op.getLogits()) + op.getGroups();
    return op.getGroups() > 1 ? warps * perWarp * sizeof(float) : 0;
  }
  static int64_t countBytes(RouterOp op) { return warps * columnsOf(op.getLogits()) * sizeof(float); }

  void emit() {
    bool counts = context.configuration.workspace > 0;
    int64_t perWarp = context.configuration.share(), tokens = rowsOf(op.getLogits());
    Value begin = k.mul(k.add(k.mul(stage.block(), warps), stage.warp()), perWarp);
    Value end = k.min(k.add(begin, perWarp), k.i64(tokens));
    LaneValues load = experts.fill(k.f32(0.0));
    if (!counts)
      load.clear();
    load = k.forReduce(begin, end, 1, load, [&](Value token, ValueRange carried) { return emitToken(token, carried); });
    if (!counts)
      return;
    Value row = k.mul(stage.block(), experts.length);
    addRowsOfWarps(stage, experts, load, groupBytes(op),
                   [&](Value index, Value total) { k.store(total, context.workspace(), k.add(row, index)); });
  }

private:
  /// Returns the counts with the token's choices added.
  LaneValues emitToken(Value token, ValueRange counts) {
    Value total;
    Value logits = k.address(context.operand(0), k.mul(token, experts.length), k.f32());
    LaneValues scores = experts.scores(op.getScoreFunction(), logits, total), selection = scores;
    if (!op.getWeights().empty()) {
      LaneValues bias = experts.load(context.operand(1));
      selection = experts.map([&](int64_t slot) { return k.addf(scores[slot], bias[slot]); });
    }
    selection = experts.forSelection(selection);
    if (op.getGroups() > 1)
      limitGroups(selection);

    // Carried from choice to choice: what may still be chosen, the counts, and the choices so far with their scores,
    // each in the lane that will store it.
    int64_t slots = experts.slots, counted = counts.size();
    SmallVector<Value> carried(selection);
    llvm::append_range(carried, counts);
    carried.append(choices.slots, k.i32(0));
    carried.append(choices.slots, k.f32(0.0));
    carried = k.forReduce(k.i64(0), k.i64(op.getTopK()), 1, carried, [&](Value choice, ValueRange values) {
      SmallVector<Value> next(values);
      MutableArrayRef<Value> all(next);
      Value expert = experts.takeLargest(all.take_front(slots));
      Value score = experts.at(scores, expert), place = k.truncate(choice);
      for (int64_t slot = 0; slot < counted; ++slot) {
        Value &count = all[slots + slot];
        count = k.select(experts.isAt(slot, expert), k.addf(count, k.f32(1.0)), count);
      }
      for (int64_t slot = 0; slot < choices.slots; ++slot) {
        Value &chosen = all[slots + counted + slot], &chosenScore = all[slots + counted + choices.slots + slot];
        Value isOwn = choices.isAt(slot, place);
        chosen = k.select(isOwn, expert, chosen);
        chosenScore = k.select(isOwn, score, chosenScore);
      }
      return next;
    });
    ArrayRef<Value> results(carried);
    storeChoices(token, results.slice(slots + counted, choices.slots), results.take_back(choices.slots));
    return LaneValues(results.slice(slots, counted));
  }

  void storeChoices(Value token, ArrayRef<Value> chosen, ArrayRef<Value> scores) {
    Value factor = k.f32(op.getScale().convertToDouble());
    if (op.getNormalize())
      factor = k.divf(factor, k.addf(choices.sum(scores), k.f32(normalizationEpsilon)));
    Value first = k.mul(token, choices.length);
    choices.forExisting([&](int64_t slot) {
      Value at = k.add(first, choices.index(slot));
      context.store(0, chosen[slot], at);
      context.store(1, k.mulf(scores[slot], factor), at);
    });
  }

  /// Gives the experts outside the best groups a selection score that loses. A lane scores whole groups, so the
  /// selection scores go through shared memory, and what became of the groups comes back the same way.
  void limitGroups(LaneValues &selection) {
    int64_t count = op.getGroups(), size = experts.length / count;
    Value memory = stage.shared(0);
    memory = k.address(memory, k.mul(stage.warp(), experts.length + count), k.f32());
    Value groupMemory = k.address(memory, k.i64(experts.length), k.f32());
    // The last token's groups have been read by all lanes.
    stage.syncWarp();
    experts.forExisting([&](int64_t slot) { k.store(selection[slot], memory, experts.index(slot)); });
    stage.syncWarp();
    WarpRow groups(stage, count);
    LaneValues scores = groups.forSelection(groups.map(
        [&](int64_t slot) { return groupScore(memory, k.min(groups.index(slot), k.i64(count - 1)), size); }));
    for (int64_t taken = 0; taken < int64_t(op.getTopGroups()); ++taken)
      groups.takeLargest(scores);
    groups.forExisting([&](int64_t slot) { k.store(scores[slot], groupMemory, groups.index(slot)); });
    stage.syncWarp();
    bool zero = op.getExcludedGroups() == ExcludedGroups::Zero;
    Value excluded = k.f32(zero ? 0.0 : -std::numeric_limits<double>::infinity());
    selection = experts.forSelection(experts.map([&](int64_t slot) {
      Value expert = k.min(experts.index(slot), k.i64(experts.length - 1));
      Value score = k.load(k.f32(), groupMemory, k.div(expert, size));
      // A group that was taken has NaN for a score.
      return k.select(k.equal(score, score), excluded, selection[slot]);
    }));
  }

  /// The largest selection score of a group, or the sum of the two largest.
  Value groupScore(Value memory, Value group, int64_t size) {
    Value low = k.f32(-std::numeric_limits<double>::infinity()), begin = k.mul(group, size);
    SmallVector<Value> best = k.forReduce(k.i64(0), k.i64(size), 1, {low, low}, [&](Value i, ValueRange carried) {
      Value x = k.load(k.f32(), memory, k.add(begin, i)), isBest = k.less(carried[0], x);
      Value second = k.select(isBest, carried[0], k.select(k.less(carried[1], x), x, carried[1]));
      return SmallVector<Value>{k.select(isBest, x, carried[0]), second};
    });
    bool two = op.getGroupScore() == GroupScore::Top2Sum && size > 1;
    return two ? k.addf(best[0], best[1]) : best[0];
  }

  RouterOp op;
  GPUAnchorContext &context;
  GPUStage &stage;
  KernelBuilder &k;
  WarpRow experts, choices;
};

class GPURouterStrategy : public GPUAnchoredStrategy<RouterOp> {
public:
  GPURouterStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "warp_per_token") {}

protected:
  std::optional<Share> share(RouterOp op, const TargetDescription &target) const override {
    // Without a load to count, the more warps the better; with one, as many as run at once.
    int64_t tokens = rowsOf(op.getLogits());
    bool counts = !op.getLoad().use_empty();
    return Share{counts ? int64_t(llvm::divideCeil(tokens, 4 * target.multiprocessors * warps)) : 1, tokens};
  }
  void plan(RouterOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    int64_t experts = columnsOf(op.getLogits()), tokens = rowsOf(op.getLogits());
    bool counts = !op.getLoad().use_empty();
    int64_t blocks = llvm::divideCeil(tokens, configuration.share() * warps);
    configuration.addGPUStage("choose", blocks, threads,
                              ChoiceEmitter::groupBytes(op) + (counts ? ChoiceEmitter::countBytes(op) : 0));
    if (!counts)
      return;
    addColumnSumStage(configuration, "load", blocks, experts);
    configuration.workspace = blocks * experts * sizeof(float);
  }

  void emitStage(RouterOp op, unsigned stage, GPUAnchorContext &context) const override {
    if (stage == 0)
      return ChoiceEmitter(op, context).emit();
    emitColumnSums(context.stage, context.workspace(), context.configuration.stages[0].tasks, columnsOf(op.getLogits()),
                   [&](Value expert, Value count) { context.store(2, count, expert); });
  }
};

class GPURouterGradientStrategy : public GPUAnchoredStrategy<RouterGradientOp> {
public:
  GPURouterGradientStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "warp_per_token") {}

protected:
  void plan(RouterGradientOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addGPUStage("tokens", GPUStage::blocksOfWarps(rowsOf(op.getLogits()), threads), threads);
  }

  void emitStage(RouterGradientOp op, unsigned, GPUAnchorContext &context) const override {
    context.stage.forWarps(rowsOf(op.getLogits()), [&](Value token) { emitToken(op, context, token); });
  }

private:
  // With u_j the chosen scores and S = Σ u + ε, w_j = scale u_j / S, so du_j = scale (g_j - Σ_i g_i u_i / S) / S.
  static void emitToken(RouterGradientOp op, GPUAnchorContext &context, Value token) {
    KernelBuilder &k = context.k;
    WarpRow experts(context.stage, columnsOf(op.getLogits()));
    int64_t topK = columnsOf(op.getIndices()), slots = experts.slots;
    Value row = k.mul(token, experts.length), first = k.mul(token, topK), total, zero = k.f32(0.0);
    LaneValues scores = experts.scores(op.getScoreFunction(), k.address(context.operand(0), row, k.f32()), total);

    // Every lane goes through all choices and keeps, of the experts it holds, the gradient g_j and the number of times
    // they were chosen.
    SmallVector<Value> sums = k.forReduce(
        k.i64(0), k.i64(topK), 1, SmallVector<Value>(2 * slots, zero), [&](Value choice, ValueRange carried) {
          Value at = k.add(first, choice);
          Value expert = k.load(k.i32(), context.operand(1), at), gradient = k.load(k.f32(), context.operand(2), at);
          SmallVector<Value> next;
          for (int64_t slot = 0; slot < slots; ++slot)
            next.push_back(k.select(experts.isAt(slot, expert), k.addf(carried[slot], gradient), carried[slot]));
          for (int64_t slot = 0; slot < slots; ++slot) {
            Value count = carried[slots + slot];
            next.push_back(k.select(experts.isAt(slot, expert), k.addf(count, k.f32(1.0)), count));
          }
          return next;
        });
    ArrayRef<Value> gradients = ArrayRef<Value>(sums).take_front(slots),
                    counts = ArrayRef<Value>(sums).take_back(slots);
    Value factor = k.f32(op.getScale().convertToDouble()), mean = zero;
    if (op.getNormalize()) {
      Value chosen = experts.sum([&](int64_t slot) { return k.mulf(counts[slot], scores[slot]); });
      Value weighted = experts.sum([&](int64_t slot) { return k.mulf(gradients[slot], scores[slot]); });
      Value sum = k.addf(chosen, k.f32(normalizationEpsilon));
      mean = k.divf(weighted, sum);
      factor = k.divf(factor, sum);
    }
    LaneValues slopes =
        experts.map([&](int64_t slot) { return k.mulf(factor, k.subf(gradients[slot], k.mulf(counts[slot], mean))); });
    LaneValues result = experts.scoreGradient(op.getScoreFunction(), scores, slopes);
    experts.forExisting([&](int64_t slot) { context.store(0, result[slot], k.add(row, experts.index(slot))); });
  }
};

} // namespace

void hadal::registerGPURouterStrategies() {
  registerStrategy(std::make_unique<GPURouterStrategy>());
  registerStrategy(std::make_unique<GPURouterGradientStrategy>());
}
