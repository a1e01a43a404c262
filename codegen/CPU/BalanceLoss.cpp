//===- BalanceLoss.cpp - the balance losses and their gradients ---------------------------------------------------===//
//
// Both losses look at a sequence through sums over its tokens: how often an expert is among the k best (counts), and
// the sum of its share n = s / Σ s of a token's scores (shares; for the variance, of n - 1/E). With T tokens and E
// experts:
//
//   sequence-wise   mean over sequences of Σ_e E/(k T) count_e · share_e / T
//   variance        mean over sequences of Σ_e (share_e / T)²
//
// Stage "statistics": a task sums a fixed block of a sequence into a row of the workspace. A loss then adds the blocks
// in order. A gradient turns them into one coefficient per sequence and expert, c = d loss / d n (the same for all
// tokens), and then goes through the tokens: d s = (c - Σ c n) / Σ s, and from scores to logits.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/CPU/ExpertScores.h"
#include "codegen/Emit/BalanceForm.h"

using namespace mlir;
using namespace hadal;

namespace {

template <typename Op> class BalanceStrategy : public AnchoredStrategy<Op> {
public:
  BalanceStrategy() : AnchoredStrategy<Op>(KernelKind::Reduction, "sequence_statistics") {}

private:
  using Form = BalanceForm<Op>;
  static constexpr bool isSequenceWise = Form::isSequenceWise, isGradient = Form::isGradient;
  static constexpr bool needsCounts = Form::needsCounts, needsShares = Form::needsShares;
  static constexpr int64_t tokensPerBlock = arithmetic::balanceBlock;

  /// The shapes of a kernel, and where its workspace holds what.
  struct Layout : BalanceExtents {
    int64_t padded;
    Layout(Op op, int64_t lanes)
        : BalanceExtents(op.getLogits(), tokensPerBlock), padded(paddedLength(experts, lanes)) {}
    /// Behind the rows of blocks lie the coefficients.
    int64_t workspaceBytes() const { return (rowsOfBlocks() + (isGradient ? sequences : 0)) * padded * sizeof(float); }
  };

protected:
  void plan(Op op, const TargetDescription &target, KernelConfiguration &configuration) const override {
    Layout layout(op, target.lanes);
    configuration.addStage("statistics", layout.sequences * layout.blocks);
    if (isGradient) {
      configuration.addStage("coefficients", layout.sequences);
      configuration.addStage("gradient", layout.sequences * layout.blocks);
    } else {
      configuration.addStage("loss", 1);
    }
    configuration.workspace = layout.workspaceBytes();
    configuration.scratch = 2 * layout.padded * sizeof(float);
  }

  void emitStage(Op op, unsigned stage, AnchorContext &context) const override {
    Layout layout(op, context.k.lanes);
    if (stage == 0)
      return emitStatistics(op, layout, context);
    if constexpr (isGradient) {
      if (stage == 1)
        emitCoefficients(op, layout, context);
      else
        emitGradient(op, layout, context);
    } else {
      emitLoss(op, layout, context);
    }
  }

private:
  static Value row(AnchorContext &context, const Layout &layout, Value index) {
    return context.k.address(context.workspace(), context.k.mul(index, layout.padded), context.k.f32());
  }

  /// Loops over the tokens of a task of `statistics` or `gradient`; the sequence comes along.
  static void forTokens(const Layout &layout, AnchorContext &context, Value task,
                        function_ref<void(Value token, Value sequence)> body) {
    KernelBuilder &k = context.k;
    Value sequence = k.div(task, layout.blocks), block = k.rem(task, layout.blocks);
    Value base = k.mul(sequence, layout.positions), first = k.mul(block, tokensPerBlock);
    Value last = k.min(k.add(first, tokensPerBlock), k.i64(layout.positions));
    k.forLoop(k.add(base, first), k.add(base, last), 1, [&](Value token) { body(token, sequence); });
  }

  static Value scoresOf(Op op, const Layout &layout, AnchorContext &context, Value token) {
    KernelBuilder &k = context.k;
    Value logits = k.address(context.operand(0), k.mul(token, layout.experts), k.f32());
    return emitScores(k, op.getScoreFunction(), logits, layout.experts, k.scratch);
  }

  static void emitStatistics(Op op, const Layout &layout, AnchorContext &context) {
    KernelBuilder &k = context.k;
    Value selection = k.address(k.scratch, k.i64(layout.padded), k.f32());
    context.stage.forTasks([&](Value task) {
      Value counts = row(context, layout, k.mul(task, 2)), shares = k.address(counts, k.i64(layout.padded), k.f32());
      forPadded(k, layout.experts, [&](Value index) {
        k.storeVector(k.splat(0.0), counts, index);
        k.storeVector(k.splat(0.0), shares, index);
      });
      forTokens(layout, context, task, [&](Value token, Value) {
        Value sum = scoresOf(op, layout, context, token);
        if (needsShares) {
          Value inverse = k.broadcast(k.divf(k.f32(1.0), sum));
          forPadded(k, layout.experts, [&](Value index) {
            Value share = k.mulf(k.loadVector(k.scratch, index), inverse);
            // The variance looks at the deviation from 1/E alone: summed as such, it loses no digits.
            if (!isSequenceWise)
              share = k.subf(share, k.splat(1.0 / double(layout.experts)));
            k.storeVector(k.addf(share, k.loadVector(shares, index)), shares, index);
          });
        }
        if constexpr (needsCounts) {
          copyForSelection(k, k.scratch, layout.experts, selection, {});
          k.forLoop(k.i64(0), k.i64(op.getTopK()), 1, [&](Value) {
            Value expert = k.extend(takeLargest(k, selection, layout.experts));
            k.store(k.addf(k.load(k.f32(), counts, expert), k.f32(1.0)), counts, expert);
          });
        }
      });
    });
  }

  /// A vector of the sums over a sequence's blocks: counts (0) or shares (1).
  static Value total(const Layout &layout, AnchorContext &context, Value sequence, int64_t which, Value index) {
    KernelBuilder &k = context.k;
    Value first = k.mul(sequence, layout.blocks);
    return k.forReduce(k.i64(0), k.i64(layout.blocks), 1, {k.splat(0.0)}, [&](Value block, ValueRange carried) {
      Value at = k.add(k.mul(k.add(first, block), 2), which);
      return SmallVector<Value>{k.addf(carried[0], k.loadVector(row(context, layout, at), index))};
    })[0];
  }

  /// The mean over the tokens of n - 1/E; 0 in the padding.
  static Value deviation(const Layout &layout, AnchorContext &context, Value sequence, Value index) {
    KernelBuilder &k = context.k;
    Value difference = k.mulf(total(layout, context, sequence, 1, index), k.splat(1.0 / double(layout.positions)));
    return k.select(k.maskFor(k.sub(k.i64(layout.experts), index)), difference, k.splat(0.0));
  }

  static double frequencyFactor(Op op, const Layout &layout) {
    if constexpr (isSequenceWise)
      return double(layout.experts) / (double(op.getTopK()) * double(layout.positions));
    return 1.0;
  }

  static void emitLoss(Op op, const Layout &layout, AnchorContext &context) {
    KernelBuilder &k = context.k;
    Value sum =
        k.forReduce(k.i64(0), k.i64(layout.sequences), 1, {k.f32(0.0)}, [&](Value sequence, ValueRange carried) {
          Value own = sumPadded(k, layout.experts, [&](Value index) -> Value {
            if (isSequenceWise)
              return k.mulf(total(layout, context, sequence, 0, index), total(layout, context, sequence, 1, index));
            Value difference = deviation(layout, context, sequence, index);
            return k.mulf(difference, difference);
          });
          return SmallVector<Value>{k.addf(carried[0], own)};
        })[0];
    double factor = 1.0 / double(layout.sequences);
    if (isSequenceWise)
      factor *= frequencyFactor(op, layout) / double(layout.positions);
    context.store(0, k.mulf(sum, k.f32(factor)));
  }

  static void emitCoefficients(Op op, const Layout &layout, AnchorContext &context) {
    KernelBuilder &k = context.k;
    double scale = 1.0 / (double(layout.sequences) * double(layout.positions));
    scale *= isSequenceWise ? frequencyFactor(op, layout) : 2.0;
    context.stage.forTasks([&](Value sequence) {
      Value factor = k.broadcast(k.mulf(k.load(k.f32(), context.operand(1)), k.f32(scale)));
      Value coefficients = row(context, layout, k.add(sequence, layout.rowsOfBlocks()));
      forPadded(k, layout.experts, [&](Value index) {
        Value value =
            isSequenceWise ? total(layout, context, sequence, 0, index) : deviation(layout, context, sequence, index);
        k.storeVector(k.mulf(value, factor), coefficients, index);
      });
    });
  }

  static void emitGradient(Op op, const Layout &layout, AnchorContext &context) {
    KernelBuilder &k = context.k;
    Value slopes = k.address(k.scratch, k.i64(layout.padded), k.f32());
    context.stage.forTasks([&](Value task) {
      forTokens(layout, context, task, [&](Value token, Value sequence) {
        Value coefficients = row(context, layout, k.add(sequence, layout.rowsOfBlocks()));
        Value inverse = k.divf(k.f32(1.0), scoresOf(op, layout, context, token));
        Value mean = sumPadded(k, layout.experts, [&](Value index) {
          return k.mulf(k.loadVector(coefficients, index), k.loadVector(k.scratch, index));
        });
        mean = k.broadcast(k.mulf(mean, inverse));
        forPadded(k, layout.experts, [&](Value index) {
          Value slope = k.subf(k.loadVector(coefficients, index), mean);
          k.storeVector(k.mulf(slope, k.broadcast(inverse)), slopes, index);
        });
        emitScoreGradient(k, op.getScoreFunction(), k.scratch, slopes, layout.experts,
                          [&](Value value, Value index, Value mask) {
                            context.store(0, value, k.add(k.mul(token, layout.experts), index), mask);
                          });
      });
    });
  }
};

} // namespace

void hadal::registerBalanceLossStrategies() {
  registerStrategy(std::make_unique<BalanceStrategy<SequenceBalanceLossOp>>());
  registerStrategy(std::make_unique<BalanceStrategy<SequenceBalanceLossGradientOp>>());
  registerStrategy(std::make_unique<BalanceStrategy<VarianceBalanceLossOp>>());
  registerStrategy(std::make_unique<BalanceStrategy<VarianceBalanceLossGradientOp>>());
}
