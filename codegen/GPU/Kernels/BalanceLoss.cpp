//===- BalanceLoss.cpp - the balance losses and their gradients on NVIDIA GPUs ------------------------------------===//
//
// Both losses look at a sequence through sums over its tokens: how often an expert is among the k best (counts), and
// the sum of its share n = s / Σ s of a token's scores (shares; for the variance, of n - 1/E). With T tokens and E
// experts:
//
//   sequence-wise   mean over sequences of Σ_e E/(k T) count_e · share_e / T
//   variance        mean over sequences of Σ_e (share_e / T)²
//
// Stage "statistics": a block sums arithmetic::hopper::balanceBlock of a sequence's tokens, each of its eight warps
// every eighth in registers, and leaves a row of counts and one of shares. A loss adds these rows per sequence (stage
// "sequences") and then the sequences (stage "loss"). A gradient turns them into one coefficient per sequence and
// expert, c = d loss / d n (the same for all tokens), and then a warp per token computes d s = (c - Σ c n) / Σ s, and
// from scores to logits.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/BalanceForm.h"
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"
#include "codegen/GPU/Frames/WarpRow.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/Target/Arithmetic.h"

using namespace mlir;
using namespace hadal;

namespace {

template <typename Op> class GPUBalanceStrategy : public GPUAnchoredStrategy<Op> {
public:
  GPUBalanceStrategy() : GPUAnchoredStrategy<Op>(KernelKind::Reduction, "sequence_statistics") {}

private:
  using Form = BalanceForm<Op>;
  static constexpr bool isSequenceWise = Form::isSequenceWise, isGradient = Form::isGradient;
  static constexpr bool needsCounts = Form::needsCounts, needsShares = Form::needsShares;
  static constexpr int64_t threads = 256, warps = threads / warpSize, tokensPerBlock = arithmetic::hopper::balanceBlock;

  /// The shapes of a kernel, and where its workspace holds what.
  struct Layout : BalanceExtents {
    explicit Layout(Op op) : BalanceExtents(op.getLogits(), tokensPerBlock) {}
    /// Behind the rows of blocks lie, for a gradient, a row of coefficients per sequence, for a loss, a number per
    /// sequence.
    int64_t workspaceBytes() const {
      return (rowsOfBlocks() * experts + sequences * (isGradient ? experts : 1)) * sizeof(float);
    }
  };

protected:
  void plan(Op op, const TargetDescription &, KernelConfiguration &configuration) const override {
    Layout layout(op);
    configuration.addGPUStage("statistics", layout.sequences * layout.blocks, threads,
                              2 * warps * layout.experts * sizeof(float));
    if (isGradient) {
      configuration.addGPUStage("coefficients", layout.sequences, threads);
      configuration.addGPUStage("gradient", GPUStage::blocksOfWarps(layout.sequences * layout.positions, threads),
                                threads);
    } else {
      constexpr int64_t lanes = arithmetic::hopper::lanes;
      configuration.addGPUStage("sequences", layout.sequences, lanes, reductionBytes(1, lanes));
      configuration.addGPUStage("loss", 1, lanes, reductionBytes(1, lanes));
    }
    configuration.workspace = layout.workspaceBytes();
  }

  void emitStage(Op op, unsigned stage, GPUAnchorContext &context) const override {
    Layout layout(op);
    if (stage == 0)
      return emitStatistics(op, layout, context);
    if constexpr (isGradient) {
      if (stage == 1)
        emitCoefficients(op, layout, context);
      else
        emitGradient(op, layout, context);
    } else {
      if (stage == 1)
        emitSequences(layout, context);
      else
        emitLoss(op, layout, context);
    }
  }

private:
  static Value row(GPUAnchorContext &context, const Layout &layout, Value index) {
    return context.k.address(context.workspace(), context.k.mul(index, layout.experts), context.k.f32());
  }
  /// What follows the rows of the blocks.
  static Value afterBlocks(GPUAnchorContext &context, const Layout &layout) {
    return row(context, layout, context.k.i64(layout.rowsOfBlocks()));
  }
  static LaneValues scoresOf(Op op, WarpRow &experts, GPUAnchorContext &context, Value token, Value &sum) {
    KernelBuilder &k = context.k;
    Value logits = k.address(context.operand(0), k.mul(token, experts.length), k.f32());
    return experts.scores(op.getScoreFunction(), logits, sum);
  }

  static void emitStatistics(Op op, const Layout &layout, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    WarpRow experts(stage, layout.experts);
    int64_t slots = experts.slots;
    Value sequence = k.div(stage.block(), layout.blocks), part = k.rem(stage.block(), layout.blocks);
    Value base = k.mul(sequence, layout.positions), first = k.mul(part, tokensPerBlock);
    Value last = k.min(k.add(first, tokensPerBlock), k.i64(layout.positions));
    // Carried from token to token: counts, then shares.
    SmallVector<Value> carried(2 * slots, k.f32(0.0));
    carried = k.forReduce(k.add(first, stage.warp()), last, warps, carried, [&](Value token, ValueRange values) {
      SmallVector<Value> next(values);
      Value sum;
      LaneValues scores = scoresOf(op, experts, context, k.add(base, token), sum);
      if (needsShares)
        addShares(layout, k, scores, sum, MutableArrayRef<Value>(next).take_back(slots));
      if constexpr (needsCounts) {
        SmallVector<Value> counts = countLargest(op, experts, k, scores, next);
        llvm::copy(counts, next.begin());
      }
      return next;
    });
    Value counts = row(context, layout, k.mul(stage.block(), 2));
    ArrayRef<Value> results(carried);
    int64_t bytes = warps * layout.experts * sizeof(float);
    addRowsOfWarps(stage, experts, results.take_front(slots), 0,
                   [&](Value index, Value total) { k.store(total, counts, index); });
    addRowsOfWarps(stage, experts, results.take_back(slots), bytes,
                   [&](Value index, Value total) { k.store(total, counts, k.add(index, layout.experts)); });
  }

  static void addShares(const Layout &layout, KernelBuilder &k, ArrayRef<Value> scores, Value sum,
                        MutableArrayRef<Value> shares) {
    Value inverse = k.divf(k.f32(1.0), sum);
    for (auto [score, total] : llvm::zip(scores, shares)) {
      Value share = k.mulf(score, inverse);
      // The variance looks at the deviation from 1/E alone: summed as such, it loses no digits.
      if (!isSequenceWise)
        share = k.subf(share, k.f32(1.0 / double(layout.experts)));
      total = k.addf(total, share);
    }
  }

  /// The counts, which come first of what is carried, with the k best of a token added.
  static SmallVector<Value> countLargest(Op op, WarpRow &experts, KernelBuilder &k, ArrayRef<Value> scores,
                                         ArrayRef<Value> carried) {
    int64_t slots = experts.slots;
    SmallVector<Value> state = experts.forSelection(scores);
    llvm::append_range(state, carried.take_front(slots));
    state = k.forReduce(k.i64(0), k.i64(op.getTopK()), 1, state, [&](Value, ValueRange values) {
      SmallVector<Value> next(values);
      Value expert = experts.takeLargest(MutableArrayRef<Value>(next).take_front(slots));
      for (int64_t slot = 0; slot < slots; ++slot) {
        Value &count = next[slots + slot];
        count = k.select(experts.isAt(slot, expert), k.addf(count, k.f32(1.0)), count);
      }
      return next;
    });
    return SmallVector<Value>(ArrayRef<Value>(state).take_back(slots));
  }

  /// The sum over a sequence's blocks for one expert: counts (0) or shares (1).
  static Value total(const Layout &layout, GPUAnchorContext &context, Value sequence, int64_t which, Value expert) {
    KernelBuilder &k = context.k;
    Value first = k.mul(sequence, layout.blocks);
    return k.forReduce(k.i64(0), k.i64(layout.blocks), 1, {k.f32(0.0)}, [&](Value block, ValueRange carried) {
      Value at = k.add(k.mul(k.add(first, block), 2), which);
      return SmallVector<Value>{k.addf(carried[0], k.load(k.f32(), row(context, layout, at), expert))};
    })[0];
  }

  /// The mean over the tokens of n - 1/E.
  static Value deviation(const Layout &layout, GPUAnchorContext &context, Value sequence, Value expert) {
    KernelBuilder &k = context.k;
    return k.mulf(total(layout, context, sequence, 1, expert), k.f32(1.0 / double(layout.positions)));
  }

  static double frequencyFactor(Op op, const Layout &layout) {
    if constexpr (isSequenceWise)
      return double(layout.experts) / (double(op.getTopK()) * double(layout.positions));
    return 1.0;
  }

  /// A block per sequence.
  static void emitSequences(const Layout &layout, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    Value sequence = stage.block();
    Value own = k.forReduce(
        stage.thread(), k.i64(layout.experts), stage.threads(), {k.f32(0.0)}, [&](Value expert, ValueRange carried) {
          Value term;
          if (isSequenceWise) {
            term = k.mulf(total(layout, context, sequence, 0, expert), total(layout, context, sequence, 1, expert));
          } else {
            Value difference = deviation(layout, context, sequence, expert);
            term = k.mulf(difference, difference);
          }
          return SmallVector<Value>{k.addf(carried[0], term)};
        })[0];
    Value sum = stage.blockReduceAdd(own, 0);
    k.ifThen(k.equal(stage.thread(), k.i64(0)), [&] { k.store(sum, afterBlocks(context, layout), sequence); });
  }

  static void emitLoss(Op op, const Layout &layout, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    Value sums = afterBlocks(context, layout);
    Value own = k.forReduce(stage.thread(), k.i64(layout.sequences), stage.threads(), {k.f32(0.0)},
                            [&](Value sequence, ValueRange carried) {
                              return SmallVector<Value>{k.addf(carried[0], k.load(k.f32(), sums, sequence))};
                            })[0];
    double factor = 1.0 / double(layout.sequences);
    if (isSequenceWise)
      factor *= frequencyFactor(op, layout) / double(layout.positions);
    Value loss = k.mulf(stage.blockReduceAdd(own, 0), k.f32(factor));
    k.ifThen(k.equal(stage.thread(), k.i64(0)), [&] { context.store(0, loss); });
  }

  static void emitCoefficients(Op op, const Layout &layout, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    double scale = 1.0 / (double(layout.sequences) * double(layout.positions));
    scale *= isSequenceWise ? frequencyFactor(op, layout) : 2.0;
    Value factor = k.mulf(k.load(k.f32(), context.operand(1)), k.f32(scale)), sequence = stage.block();
    Value coefficients = k.address(afterBlocks(context, layout), k.mul(sequence, layout.experts), k.f32());
    stage.forThreads(0, layout.experts, [&](Value expert) {
      Value value =
          isSequenceWise ? total(layout, context, sequence, 0, expert) : deviation(layout, context, sequence, expert);
      k.store(k.mulf(value, factor), coefficients, expert);
    });
  }

  static void emitGradient(Op op, const Layout &layout, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    WarpRow experts(context.stage, layout.experts);
    context.stage.forWarps(layout.sequences * layout.positions, [&](Value token) {
      Value sequence = k.div(token, layout.positions), sum;
      LaneValues coefficients =
          experts.load(k.address(afterBlocks(context, layout), k.mul(sequence, layout.experts), k.f32()));
      LaneValues scores = scoresOf(op, experts, context, token, sum);
      Value inverse = k.divf(k.f32(1.0), sum);
      Value mean = experts.sum([&](int64_t slot) { return k.mulf(coefficients[slot], scores[slot]); });
      mean = k.mulf(mean, inverse);
      LaneValues slopes = experts.map([&](int64_t slot) { return k.mulf(k.subf(coefficients[slot], mean), inverse); });
      LaneValues result = experts.scoreGradient(op.getScoreFunction(), scores, slopes);
      Value base = k.mul(token, layout.experts);
      experts.forExisting([&](int64_t slot) { context.store(0, result[slot], k.add(base, experts.index(slot))); });
    });
  }
};

} // namespace

void hadal::registerGPUBalanceLossStrategies() {
  registerStrategy(std::make_unique<GPUBalanceStrategy<SequenceBalanceLossOp>>());
  registerStrategy(std::make_unique<GPUBalanceStrategy<SequenceBalanceLossGradientOp>>());
  registerStrategy(std::make_unique<GPUBalanceStrategy<VarianceBalanceLossOp>>());
  registerStrategy(std::make_unique<GPUBalanceStrategy<VarianceBalanceLossGradientOp>>());
}
