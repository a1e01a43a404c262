//===- Update.cpp - kernels of the update step on NVIDIA GPUs -----------------------------------------------------===//
//
// AdamW streams four arrays and writes three of them back: a thread takes a few vectors of 16 bytes, all loaded before
// the first is computed on. Memory decides its speed.
//
// The squared norm of a gradient is summed in blocks of arithmetic::normBlock elements, in float32 within a
// block, whose elements are the lanes of a row, and in float64 over the blocks, which are lanes again.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/GradientNorm.h"
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/Target/Arithmetic.h"

using namespace mlir;
using namespace hadal;

namespace {

class GPUAdamWStrategy : public GPUAnchoredStrategy<AdamWOp> {
public:
  GPUAdamWStrategy() : GPUAnchoredStrategy(KernelKind::Update, "streamed_vectors") {}

protected:
  static int64_t lanesOf(AdamWOp op) { return commonLanes(4, {elementsOf(op.getParameter())}); }
  std::optional<Share> share(AdamWOp op, const TargetDescription &target) const override {
    return Share{chooseItemsPerThread(elementsOf(op.getParameter()) / lanesOf(op), /*mostPerThread=*/4, target), 4};
  }
  void plan(AdamWOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    addItemStage(configuration, "adamw", elementsOf(op.getParameter()) / lanesOf(op));
  }
  void emitStage(AdamWOp op, unsigned, GPUAnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t lanes = k.lanes = lanesOf(op);
    auto scalar = [&](unsigned index) { return k.load(k.f32(), context.operand(4 + index)); };
    Value one = k.f32(1.0);
    Value rate = scalar(0), weightDecay = scalar(1), beta1 = scalar(2), beta2 = scalar(3), epsilon = scalar(4);
    Value inverse1 = k.divf(one, scalar(5));
    Value rootScale = k.broadcast(math::RsqrtOp::create(k.builder, k.loc, scalar(6)));
    Value clip = k.broadcast(scalar(7)), tiny = k.broadcast(epsilon);
    Value keep1 = k.broadcast(beta1), keep2 = k.broadcast(beta2);
    Value rest1 = k.broadcast(k.subf(one, beta1)), rest2 = k.broadcast(k.subf(one, beta2));
    // p' = p (1 - η λ) - (η / c1) m' / (sqrt(v') / sqrt(c2) + ε).
    Value shrink = k.broadcast(k.subf(one, k.mulf(rate, weightDecay)));
    Value step = k.broadcast(k.mulf(rate, inverse1));
    auto load = [&](Value item) {
      Value index = k.mul(item, lanes);
      SmallVector<Value> loaded;
      for (unsigned operand = 0; operand < 4; ++operand)
        loaded.push_back(k.loadAligned(k.f32(), context.operand(operand), index, lanes));
      return loaded;
    };
    auto update = [&](Value item, ValueRange loaded) {
      Value p = loaded[0], g = k.mulf(loaded[1], clip), m = loaded[2], v = loaded[3];
      m = k.fma(keep1, m, k.mulf(rest1, g));
      v = k.fma(keep2, v, k.mulf(rest2, k.mulf(g, g)));
      Value root = math::SqrtOp::create(k.builder, k.loc, v);
      Value change = k.divf(m, k.fma(root, rootScale, tiny));
      if (op.getDecay())
        p = k.mulf(p, shrink);
      p = k.subf(p, k.mulf(step, change));
      Value results[] = {p, m, v};
      for (auto [result, value] : llvm::enumerate(results))
        context.storeTotal(result, value, k.mul(item, lanes), lanes);
    };
    context.stage.forItems(elementsOf(op.getParameter()) / lanes, context.configuration.share(), load, update);
  }
};

class GPUSquaredNormStrategy : public GPUAnchoredStrategy<SquaredNormOp> {
public:
  GPUSquaredNormStrategy() : GPUAnchoredStrategy(KernelKind::Update, "blocks_then_sum") {}

protected:
  static constexpr int64_t threads = 256, threadsOfSum = arithmetic::hopper::lanes;

  static int64_t lanesOf(SquaredNormOp op) { return commonLanes(4, {elementsOf(op.getInput())}); }

  void plan(SquaredNormOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    int64_t elements = elementsOf(op.getInput()), lanes = lanesOf(op);
    int64_t blocks = llvm::divideCeil(elements, arithmetic::normBlock);
    configuration.addGPUStage("blocks", blocks, threads, reductionBytes(1, threads, lanes * int64_t(sizeof(float))));
    configuration.addGPUStage("sum", 1, threadsOfSum, reductionBytes(1, threadsOfSum, sizeof(double)));
    configuration.workspace = blocks * sizeof(float);
  }

  void emitStage(SquaredNormOp op, unsigned stage, GPUAnchorContext &context) const override {
    if (stage == 0)
      emitBlocks(op, context);
    else
      emitSum(context);
  }

private:
  static void emitBlocks(SquaredNormOp op, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    int64_t lanes = k.lanes = lanesOf(op), vectors = elementsOf(op.getInput()) / lanes;
    int64_t perBlock = arithmetic::normBlock / lanes, accumulators = arithmetic::hopper::lanes / (threads * lanes);
    bool whole = vectors % perBlock == 0;
    Value first = k.add(k.mul(stage.block(), perBlock), stage.thread());
    // Sixteen loads are under way together.
    constexpr int64_t together = 16;
    SmallVector<Value> sums(accumulators, k.splat(0.0));
    sums = k.forReduce(k.i64(0), k.i64(perBlock), threads * together, sums, [&](Value start, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t i = 0; i < together; ++i) {
        Value vector = k.add(k.add(first, start), i * threads);
        Value within = whole ? vector : k.min(vector, k.i64(vectors - 1));
        Value x = k.loadAligned(k.f32(), context.operand(0), k.mul(within, lanes), lanes);
        if (!whole)
          x = k.select(k.less(vector, k.i64(vectors)), x, k.splat(0.0));
        Value &sum = next[i % accumulators];
        sum = k.fma(x, x, sum);
      }
      return next;
    });
    Value total = stage.joinLanes({sums}, Reduction::Add, threads, 0)[0];
    k.ifThen(k.equal(stage.thread(), k.i64(0)), [&] { k.store(total, context.workspace(), stage.block()); });
  }

  static void emitSum(GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    Type f64 = k.builder.getF64Type();
    int64_t blocks = context.configuration.stages[0].tasks;
    Value own = k.forReduce(
        stage.thread(), k.i64(blocks), threadsOfSum, {k.constant(f64, 0.0)}, [&](Value index, ValueRange carried) {
          Value part = arith::ExtFOp::create(k.builder, k.loc, f64, k.load(k.f32(), context.workspace(), index));
          return SmallVector<Value>{k.addf(carried[0], part)};
        })[0];
    Value total = stage.blockReduceAdd(own, 0);
    k.ifThen(k.equal(stage.thread(), k.i64(0)),
             [&] { context.store(0, arith::TruncFOp::create(k.builder, k.loc, k.f32(), total)); });
  }
};

/// One number per parameter of the model: a single thread adds them in order.
class GPUGradientNormStrategy : public GPUAnchoredStrategy<GradientNormOp> {
public:
  GPUGradientNormStrategy() : GPUAnchoredStrategy(KernelKind::Update, "one_thread") {}

protected:
  void plan(GradientNormOp, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addGPUStage("norm", 1, warpSize);
  }
  void emitStage(GradientNormOp op, unsigned, GPUAnchorContext &context) const override {
    KernelBuilder &k = context.k;
    k.ifThen(k.equal(context.stage.thread(), k.i64(0)), [&] { emitGradientNorm(op, context); });
  }
};

class GPURouterBiasUpdateStrategy : public GPUAnchoredStrategy<RouterBiasUpdateOp> {
public:
  GPURouterBiasUpdateStrategy() : GPUAnchoredStrategy(KernelKind::Update, "one_block") {}

protected:
  static constexpr int64_t threads = arithmetic::hopper::lanes;

  void plan(RouterBiasUpdateOp, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addGPUStage("bias", 1, threads, reductionBytes(1, threads));
  }
  void emitStage(RouterBiasUpdateOp op, unsigned, GPUAnchorContext &context) const override {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    int64_t experts = elementsOf(op.getBias());
    Value bias = context.operand(0), load = context.operand(1);
    Value own = k.forReduce(stage.thread(), k.i64(experts), threads, {k.f32(0.0)}, [&](Value index, ValueRange sums) {
      return SmallVector<Value>{k.addf(sums[0], k.load(k.f32(), load, index))};
    })[0];
    // A quotient, not a product with 1/E: loads that equal their mean must compare equal to it.
    Value mean = k.divf(stage.blockReduceAdd(own, 0), k.f32(double(experts)));
    Value rate = k.load(k.f32(), context.operand(2)), zero = k.f32(0.0);
    Value down = arith::NegFOp::create(k.builder, k.loc, rate);
    stage.forThreads(0, experts, [&](Value index) {
      Value l = k.load(k.f32(), load, index), b = k.load(k.f32(), bias, index);
      Value change = k.select(k.less(l, mean), rate, k.select(k.less(mean, l), down, zero));
      context.store(0, k.addf(b, change), index);
      context.store(1, zero, index);
    });
  }
};

} // namespace

void hadal::registerGPUUpdateStrategies() {
  registerStrategy(std::make_unique<GPUAdamWStrategy>());
  registerStrategy(std::make_unique<GPUSquaredNormStrategy>());
  registerStrategy(std::make_unique<GPUGradientNormStrategy>());
  registerStrategy(std::make_unique<GPURouterBiasUpdateStrategy>());
}
