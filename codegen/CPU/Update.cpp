//===- Update.cpp - kernels of the update step --------------------------------------------------------------------===//
//
// AdamW streams four arrays and writes three of them back, block by block: memory decides its speed. Its inner loop does not
// depend on the parameter's shape, so all parameters share one function and a kernel is only the loop over blocks.
// Where other kernels read the parameter in other layouts, bands of rows take the place of blocks, and a band is copied
// while it is in the cache (MatrixCopy.h). No element depends on another, so that bits do not follow the cut.
//
// The squared norm of a gradient is summed in fixed blocks, each in float32 with several accumulators per lane; the
// sums of the blocks are added in float64, in order. Its value depends on the shape only, not on the number of threads.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/CPU/MatrixCopy.h"
#include "codegen/Emit/GradientNorm.h"
#include "codegen/Target/Arithmetic.h"
#include "dialect/IR/Encoding.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Elements of a block: 64 KiB of each array, which a core's second-level cache holds easily. Sums of squares have the
/// same blocks, where they decide bits.
constexpr int64_t blockElements = arithmetic::normBlock;

/// AdamW on so many elements from a place on: the function that all kernels share, and its call.
class AdamWBlock {
public:
  AdamWBlock(AdamWOp op, AnchorContext &context) : context(context) {
    KernelBuilder &k = context.k;
    // Four arrays in, three out, the eight scalars' addresses, then the element count.
    SmallVector<Type> types(15, k.pointerType());
    types.push_back(k.i64Type());
    bool decay = op.getDecay();
    function =
        getSharedFunction(k, decay ? "adamw_block_decay" : "adamw_block", types,
                          [&](KernelBuilder &inner, ValueRange arguments) { emitBlock(inner, decay, arguments); });
  }

  void call(Value first, Value count) {
    KernelBuilder &k = context.k;
    SmallVector<Value> arguments;
    for (unsigned i = 0; i < 4; ++i)
      arguments.push_back(k.address(context.operand(i), first, k.f32()));
    for (unsigned i = 0; i < 3; ++i)
      arguments.push_back(k.address(context.result(i), first, k.f32()));
    for (unsigned i = 4; i < 12; ++i)
      arguments.push_back(context.operand(i));
    arguments.push_back(count);
    callFunction(k, function, arguments);
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

  AnchorContext &context;
  LLVM::LLVMFuncOp function;
};

class AdamWStrategy : public AnchoredStrategy<AdamWOp> {
public:
  AdamWStrategy() : AnchoredStrategy(KernelKind::Update, "streamed_blocks") {}

protected:
  /// The other strategy is for these.
  bool servesCopies(const AnchoredKernel &, KernelOp, Refusals &) const override { return false; }
  void plan(AdamWOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("adamw", llvm::divideCeil(elementsOf(op.getParameter()), blockElements));
  }
  void emitStage(AdamWOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    AdamWBlock block(op, context);
    int64_t elements = elementsOf(op.getParameter());
    context.stage.forTasks([&](Value task) {
      Value first = k.mul(task, blockElements);
      block.call(first, k.min(k.i64(blockElements), k.sub(k.i64(elements), first)));
    });
  }
};

/// With copies of the new parameter.
class AdamWCopiesStrategy : public AnchoredStrategy<AdamWOp> {
public:
  AdamWCopiesStrategy() : AnchoredStrategy(KernelKind::Update, "bands_and_copies") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    return AnchoredStrategy::serves(anatomy, refusals) && !anatomy.anchored()->copies.empty();
  }
  /// What is only written is read from memory first, line by line: the bytes of copies count twice.
  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &refusals) const override {
    SmallVector<Candidate> candidates = AnchoredStrategy::propose(anatomy, target, refusals);
    double bytes = 0;
    for (const AnchoredKernel::Copy &copy : anatomy.anchored()->copies)
      bytes += double(getByteSize(anatomy.kernel().getResultTypes()[copy.result]));
    candidates.front().time +=
        PredictedTime::sum(0, bytes / (target.memoryBandwidth * double(modelledCores)), /*overhead=*/0);
    return candidates;
  }

protected:
  /// Of each element a piece reads and writes four numbers.
  static MatrixPieces piecesOf(AdamWOp op, const TargetDescription &target) {
    return MatrixPieces(op.getParameter().getType(), target, 4 * sizeof(float));
  }
  bool servesCopies(const AnchoredKernel &anchored, KernelOp kernel, Refusals &refusals) const override {
    Operation *op = anchored.anchor;
    auto parameter = cast<RankedTensorType>(op->getResult(0).getType());
    for (const AnchoredKernel::Copy &copy : anchored.copies)
      if (auto type = cast<RankedTensorType>(kernel.getResultTypes()[copy.result]);
          copy.source != 0 || !MatrixCopy::canMake(parameter, type)) {
        std::string text;
        llvm::raw_string_ostream(text)
            << "makes copies of the new parameter in bf16, in panels and in tiles, and not as '" << type << "'";
        return succeeded(refusals.add(op, text));
      }
    return true;
  }
  void plan(AdamWOp op, const TargetDescription &target, KernelConfiguration &configuration) const override {
    MatrixPieces pieces = piecesOf(op, target);
    configuration.addStage("adamw", pieces.tasks());
    // One copy is written after the other.
    for (Value yielded : op->getBlock()->getTerminator()->getOperands())
      configuration.scratch =
          std::max(configuration.scratch, MatrixCopy::scratchBytes(cast<RankedTensorType>(yielded.getType()), pieces));
  }
  void emitStage(AdamWOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    AdamWBlock block(op, context);
    MatrixPieces pieces = piecesOf(op, k.target);
    context.stage.forTasks([&](Value task) {
      pieces.forPieces(k, task, [&](const MatrixPiece &piece) {
        Value start = pieces.placeOf(k, piece, k.i64(0));
        if (pieces.areWholeRows())
          block.call(start, k.mul(piece.rows, piece.columns));
        else
          k.forLoop(k.i64(0), piece.rows, 1,
                    [&](Value row) { block.call(pieces.placeOf(k, piece, row), piece.columns); });
        Value first = k.address(context.result(0), start, k.f32());
        for (const AnchoredKernel::Copy &copy : context.copies())
          MatrixCopy(op.getParameter().getType(), context.copyType(copy), pieces, context.copy(copy), k.scratch)
              .write(k, piece, {first, k.f32()});
      });
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
  registerStrategy(std::make_unique<AdamWCopiesStrategy>());
  registerStrategy(std::make_unique<SquaredNormStrategy>());
  registerStrategy(std::make_unique<GradientNormStrategy>());
  registerStrategy(std::make_unique<RouterBiasUpdateStrategy>());
}
