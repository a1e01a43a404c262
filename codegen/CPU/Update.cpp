//===- Update.cpp - kernels of the update step --------------------------------------------------------------------===//
//
// AdamW streams four arrays and writes three of them back, block by block: memory decides its speed. Its inner loop
// does not depend on the parameter's shape, so all parameters share one function and a kernel is only the loop over
// blocks.
//
// The squared norm of a gradient is summed in fixed blocks, each in float32 with several accumulators per lane; the
// sums of the blocks are added in float64, in order. Its value depends on the shape only, not on the number of threads.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/CPU/SharedFunctions.h"
#include "codegen/Emit/GradientNorm.h"
#include "codegen/Target/Arithmetic.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Elements of a block: 64 KiB of each array, which a core's second-level cache holds easily. Sums of squares have the
/// same blocks, where they decide bits.
constexpr int64_t blockElements = arithmetic::normBlock;

class AdamWStrategy : public AnchoredStrategy<AdamWOp> {
public:
  AdamWStrategy() : AnchoredStrategy(KernelKind::Update, "streamed_blocks") {}

protected:
  void plan(AdamWOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("adamw", llvm::divideCeil(elementsOf(op.getParameter()), blockElements));
  }

  void emitStage(AdamWOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    // Four arrays in, three out, the eight scalars' addresses, then the element count.
    SmallVector<Type> types(15, k.pointerType());
    types.push_back(k.i64Type());
    bool decay = op.getDecay();
    LLVM::LLVMFuncOp block =
        getSharedFunction(k, decay ? "adamw_block_decay" : "adamw_block", types,
                          [&](KernelBuilder &inner, ValueRange arguments) { emitBlock(inner, decay, arguments); });
    int64_t elements = elementsOf(op.getParameter());
    context.stage.forTasks([&](Value task) {
      Value first = k.mul(task, blockElements);
      SmallVector<Value> arguments;
      for (unsigned i = 0; i < 4; ++i)
        arguments.push_back(k.address(context.operand(i), first, k.f32()));
      for (unsigned i = 0; i < 3; ++i)
        arguments.push_back(k.address(context.result(i), first, k.f32()));
      for (unsigned i = 4; i < 12; ++i)
        arguments.push_back(context.operand(i));
      arguments.push_back(k.min(k.i64(blockElements), k.sub(k.i64(elements), first)));
      callFunction(k, block, arguments);
    });
  }

private:
  static void emitBlock(KernelBuilder &k, bool decay, ValueRange arguments) {
    auto scalar = [&](unsigned index) { return k.load(k.f32(), arguments[7 + index]); };
    Value one = k.f32(1.0);
    Value rate = scalar(0), weightDecay = scalar(1), beta1 = scalar(2), beta2 = scalar(3), epsilon = scalar(4);
    Value inverse1 = k.divf(one, scalar(5));
    Value inverse2 = math::RsqrtOp::create(k.builder, k.loc, scalar(6));
    Value clip = k.broadcast(scalar(7)), rest1 = k.broadcast(k.subf(one, beta1)),
          rest2 = k.broadcast(k.subf(one, beta2));
    // p' = p (1 - η λ) - (η / c1) m' / (sqrt(v') / sqrt(c2) + ε).
    Value shrink = k.broadcast(k.subf(one, k.mulf(rate, weightDecay)));
    Value step = k.broadcast(k.mulf(rate, inverse1));
    Value rootScale = k.broadcast(inverse2), tiny = k.broadcast(epsilon);
    Value keep1 = k.broadcast(beta1), keep2 = k.broadcast(beta2);
    forVectors(k, arguments[15], 1, [&](Value index, Value mask) {
      Value p = k.loadVector(arguments[0], index, mask);
      Value g = k.mulf(k.loadVector(arguments[1], index, mask), clip);
      Value m = k.loadVector(arguments[2], index, mask), v = k.loadVector(arguments[3], index, mask);
      m = k.fma(keep1, m, k.mulf(rest1, g));
      v = k.fma(keep2, v, k.mulf(rest2, k.mulf(g, g)));
      Value root = math::SqrtOp::create(k.builder, k.loc, v);
      Value change = k.divf(m, k.fma(root, rootScale, tiny));
      if (decay)
        p = k.mulf(p, shrink);
      p = k.subf(p, k.mulf(step, change));
      k.storeVector(p, arguments[4], index, mask);
      k.storeVector(m, arguments[5], index, mask);
      k.storeVector(v, arguments[6], index, mask);
    });
  }
};

class SquaredNormStrategy : public AnchoredStrategy<SquaredNormOp> {
public:
  SquaredNormStrategy() : AnchoredStrategy(KernelKind::Update, "blocks_then_sum") {}

protected:
  void plan(SquaredNormOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    int64_t blocks = llvm::divideCeil(elementsOf(op.getInput()), blockElements);
    configuration.addStage("blocks", blocks);
    configuration.addStage("sum", 1);
    configuration.workspace = blocks * sizeof(float);
  }

  void emitStage(SquaredNormOp op, unsigned stage, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t elements = elementsOf(op.getInput());
    if (stage == 0) {
      LLVM::LLVMFuncOp block =
          getSharedFunction(k, "squared_norm_block", {k.pointerType(), k.i64Type(), k.pointerType()},
                            [](KernelBuilder &inner, ValueRange arguments) { emitBlock(inner, arguments); });
      context.stage.forTasks([&](Value task) {
        Value first = k.mul(task, blockElements);
        Value count = k.min(k.i64(blockElements), k.sub(k.i64(elements), first));
        callFunction(
            k, block,
            {k.address(context.operand(0), first, k.f32()), count, k.address(context.workspace(), task, k.f32())});
      });
      return;
    }
    int64_t blocks = llvm::divideCeil(elements, blockElements);
    Type f64 = k.builder.getF64Type();
    SmallVector<Value> sum =
        k.forReduce(k.i64(0), k.i64(blocks), 1, {k.constant(f64, 0.0)}, [&](Value index, ValueRange carried) {
          Value part = arith::ExtFOp::create(k.builder, k.loc, f64, k.load(k.f32(), context.workspace(), index));
          return SmallVector<Value>{k.addf(carried[0], part)};
        });
    context.store(0, arith::TruncFOp::create(k.builder, k.loc, k.f32(), sum[0]));
  }

private:
  static void emitBlock(KernelBuilder &k, ValueRange arguments) {
    constexpr int64_t accumulators = 4;
    Value input = arguments[0], count = arguments[1];
    int64_t unroll = accumulators * k.lanes;
    Value whole = k.sub(count, k.rem(count, unroll));
    SmallVector<Value> sums(accumulators, k.splat(0.0));
    sums = k.forReduce(k.i64(0), whole, unroll, sums, [&](Value index, ValueRange carried) {
      SmallVector<Value> next;
      for (int64_t i = 0; i < accumulators; ++i) {
        Value x = k.loadVector(input, k.add(index, i * k.lanes));
        next.push_back(k.fma(x, x, carried[i]));
      }
      return next;
    });
    // What is left, in masked vectors.
    Value rest = k.forReduce(whole, count, k.lanes, {sums[0]}, [&](Value index, ValueRange carried) {
      Value x = k.loadVector(input, index, k.maskFor(k.sub(count, index)));
      return SmallVector<Value>{k.fma(x, x, carried[0])};
    })[0];
    k.store(k.reduceAdd(k.addf(k.addf(rest, sums[1]), k.addf(sums[2], sums[3]))), arguments[2]);
  }
};

class GradientNormStrategy : public AnchoredStrategy<GradientNormOp> {
public:
  GradientNormStrategy() : AnchoredStrategy(KernelKind::Update, "one_task") {}

protected:
  void plan(GradientNormOp, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("norm", 1);
  }
  void emitStage(GradientNormOp op, unsigned, AnchorContext &context) const override { emitGradientNorm(op, context); }
};

class RouterBiasUpdateStrategy : public AnchoredStrategy<RouterBiasUpdateOp> {
public:
  RouterBiasUpdateStrategy() : AnchoredStrategy(KernelKind::Update, "one_task") {}

protected:
  void plan(RouterBiasUpdateOp, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("bias", 1);
  }
  void emitStage(RouterBiasUpdateOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t experts = elementsOf(op.getBias());
    Value bias = context.operand(0), load = context.operand(1);
    Value sum = k.forVectorsReduce(0, experts, {k.splat(0.0)}, [&](Value index, Value mask, ValueRange carried) {
      return SmallVector<Value>{k.addf(carried[0], k.loadVector(load, index, mask))};
    })[0];
    // A quotient, not a product with 1/E: loads that equal their mean must compare equal to it.
    Value mean = k.broadcast(k.divf(k.reduceAdd(sum), k.f32(double(experts))));
    Value rate = k.broadcast(k.load(k.f32(), context.operand(2)));
    Value zero = k.splat(0.0), down = arith::NegFOp::create(k.builder, k.loc, rate);
    k.forVectors(0, experts, [&](Value index, Value mask) {
      Value l = k.loadVector(load, index, mask), b = k.loadVector(bias, index, mask);
      Value change = k.select(k.less(l, mean), rate, k.select(k.less(mean, l), down, zero));
      context.store(0, k.addf(b, change), index, mask);
      context.store(1, zero, index, mask);
    });
  }
};

} // namespace

void hadal::registerUpdateStrategies() {
  registerStrategy(std::make_unique<AdamWStrategy>());
  registerStrategy(std::make_unique<SquaredNormStrategy>());
  registerStrategy(std::make_unique<GradientNormStrategy>());
  registerStrategy(std::make_unique<RouterBiasUpdateStrategy>());
}
