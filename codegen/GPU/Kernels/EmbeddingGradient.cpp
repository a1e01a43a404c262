//===- EmbeddingGradient.cpp - the gradient of an embedding on NVIDIA GPUs ----------------------------------------===//
//
// Rows of the result are sums over the positions that hold one token, in the order of the positions, without atomics:
//
//   start  brings the result to what is added to: zero, or the accumulated operand unless it is the same buffer.
//   rank   sorts the positions by token, equal ones by position. The rank of a position is the number of positions that
//          sort before it, counted by comparing with all of them: N² comparisons, but of 32 positions at a time and
//          without anything in between. The first position of every token also learns how many there are.
//   add    a block per rank that begins a token adds the token's rows.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"
#include "codegen/GPU/GPUStrategies.h"

using namespace mlir;
using namespace hadal;

namespace {

class GPUEmbeddingGradientStrategy : public GPUAnchoredStrategy<EmbeddingGradientOp> {
public:
  GPUEmbeddingGradientStrategy() : GPUAnchoredStrategy(KernelKind::Reduction, "rank_then_add") {}

protected:
  static constexpr int64_t threads = 256, warps = threads / warpSize;

  /// Per rank: the position, and the number of positions of a token that begins here (else 0).
  static Value positions(GPUAnchorContext &context) { return context.workspace(); }
  static Value counts(GPUAnchorContext &context, int64_t tokens) {
    return context.k.address(context.workspace(), context.k.i64(tokens), context.k.i32());
  }

  /// How threads share the columns of a row: a block of them owns a tile.
  struct Layout {
    int64_t lanes, owners, tiles;
    explicit Layout(EmbeddingGradientOp op) {
      int64_t columns = columnsOf(op.getResult());
      lanes = commonLanes(4, {columns});
      int64_t vectors = columns / lanes;
      owners = std::min<int64_t>(threads, llvm::alignTo(vectors, warpSize));
      tiles = llvm::divideCeil(vectors, owners);
    }
  };

  void plan(EmbeddingGradientOp op, const TargetDescription &target,
            KernelConfiguration &configuration) const override {
    Layout layout(op);
    int64_t tokens = elementsOf(op.getTokens());
    // Nothing to do where a gradient is accumulated in place, so no more blocks than run at once.
    int64_t startBlocks = llvm::divideCeil(elementsOf(op.getResult()) / layout.lanes, threads);
    configuration.addGPUStage("start", std::min(startBlocks, 8 * target.multiprocessors), threads);
    configuration.addGPUStage("rank", llvm::divideCeil(tokens, warpSize), threads, 3 * threads * sizeof(int32_t));
    configuration.addGPUStage("add", tokens * layout.tiles, layout.owners);
    configuration.workspace = 2 * tokens * sizeof(int32_t);
  }

  void emitStage(EmbeddingGradientOp op, unsigned stage, GPUAnchorContext &context) const override {
    if (stage == 0)
      emitStart(op, context);
    else if (stage == 1)
      emitRank(op, context);
    else
      emitAdd(op, context);
  }

private:
  static void emitStart(EmbeddingGradientOp op, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    int64_t lanes = k.lanes = Layout(op).lanes, vectors = elementsOf(op.getResult()) / lanes;
    auto forVectors = [&](function_ref<Value(Value index)> value) {
      Value first = k.add(k.mul(stage.block(), threads), stage.thread());
      k.forLoop(first, k.i64(vectors), threads * stage.spec.tasks, [&](Value vector) {
        Value index = k.mul(vector, lanes);
        k.storeAligned(value(index), context.result(0), index, lanes);
      });
    };
    auto takeOver = [&] {
      Value from = context.accumulatedOperand(0);
      Value differs = LLVM::ICmpOp::create(k.builder, k.loc, LLVM::ICmpPredicate::ne, from, context.result(0));
      k.ifThen(differs, [&] { forVectors([&](Value index) { return k.loadAligned(k.f32(), from, index, lanes); }); });
    };
    context.accumulation(0).branch(k, takeOver, [&] { forVectors([&](Value) { return k.splat(0.0); }); });
  }

  // A block ranks 32 positions, one per lane; its warps share the positions to compare with.
  static void emitRank(EmbeddingGradientOp op, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    int64_t tokens = elementsOf(op.getTokens());
    Value position = k.add(k.mul(stage.block(), warpSize), stage.lane());
    Value own = k.load(k.i32(), context.operand(0), k.min(position, k.i64(tokens - 1)));
    SmallVector<Value> counted = countOthers(context, tokens, own, k.truncate(position));
    // The counts of warp w lie at [which][w][lane].
    Value memory = stage.shared(0);
    for (auto [which, count] : llvm::enumerate(counted))
      k.store(count, memory, k.add(stage.thread(), int64_t(which) * threads));
    stage.barrier();
    Value isFirstWarp = k.equal(stage.warp(), k.i64(0));
    Value exists = k.less(position, k.i64(tokens));
    k.ifThen(arith::AndIOp::create(k.builder, k.loc, isFirstWarp, exists), [&] {
      SmallVector<Value> totals;
      for (int64_t which = 0; which < 3; ++which) {
        Value total = k.i32(0);
        for (int64_t warp = 0; warp < warps; ++warp)
          total = k.add(total, k.load(k.i32(), memory, k.add(stage.lane(), which * threads + warp * warpSize)));
        totals.push_back(total);
      }
      Value rank = k.extend(k.add(totals[0], totals[1]));
      k.store(k.truncate(position), positions(context), rank);
      Value begins = k.equal(totals[1], k.i32(0));
      k.store(k.select(begins, totals[2], k.i32(0)), counts(context, tokens), rank);
    });
  }

  /// Of this warp's share of the positions: how many hold a smaller token, how many of those with the same token come
  /// before, and how many hold the same token.
  static SmallVector<Value> countOthers(GPUAnchorContext &context, int64_t tokens, Value own, Value position) {
    KernelBuilder &k = context.k;
    int64_t lanes = k.lanes = commonLanes(4, {tokens}), share = llvm::alignTo(llvm::divideCeil(tokens, warps), lanes);
    Value begin = k.min(k.mul(context.stage.warp(), share), k.i64(tokens));
    Value end = k.min(k.add(begin, share), k.i64(tokens));
    Value ownToken = k.broadcast(own), ownPosition = k.broadcast(position), none = k.broadcast(k.i32(0));
    auto asCount = [&](Value condition) -> Value {
      return arith::ExtUIOp::create(k.builder, k.loc, k.vectorOf(k.i32()), condition);
    };
    SmallVector<Value> counted =
        k.forReduce(begin, end, lanes, {none, none, none}, [&](Value index, ValueRange carried) {
          Value token = k.loadAligned(k.i32(), context.operand(0), index, lanes);
          Value number = k.add(k.broadcast(k.truncate(index)), k.laneNumbers());
          Value same = k.equal(token, ownToken), earlier = k.less(number, ownPosition);
          Value before = arith::AndIOp::create(k.builder, k.loc, same, earlier);
          return SmallVector<Value>{k.add(carried[0], asCount(k.less(token, ownToken))),
                                    k.add(carried[1], asCount(before)), k.add(carried[2], asCount(same))};
        });
    for (Value &count : counted)
      count = k.reduceAdd(count);
    return counted;
  }

  static void emitAdd(EmbeddingGradientOp op, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    int64_t tokens = elementsOf(op.getTokens()), columns = columnsOf(op.getResult());
    int64_t lanes = k.lanes = Layout(op).lanes, vectors = columns / lanes;
    int64_t tiles = Layout(op).tiles;
    Value rank = k.div(stage.block(), tiles);
    Value vector = k.add(k.mul(k.rem(stage.block(), tiles), stage.threads()), stage.thread());
    Value column = k.mul(vector, lanes), count = k.load(k.i32(), counts(context, tokens), rank);
    Value works = arith::AndIOp::create(k.builder, k.loc, k.less(k.i32(0), count), k.less(vector, k.i64(vectors)));
    auto positionAt = [&](Value at) { return k.extend(k.load(k.i32(), positions(context), at)); };
    k.ifThen(works, [&] {
      Value token = k.extend(k.load(k.i32(), context.operand(0), positionAt(rank)));
      Value to = k.add(k.mul(token, columns), column);
      Value start = k.loadAligned(k.f32(), context.result(0), to, lanes);
      Value sum = k.forReduce(rank, k.add(rank, k.extend(count)), 1, {start}, [&](Value at, ValueRange carried) {
        Value from = k.add(k.mul(positionAt(at), columns), column);
        return SmallVector<Value>{k.addf(carried[0], k.loadAligned(k.f32(), context.operand(1), from, lanes))};
      })[0];
      k.storeAligned(sum, context.result(0), to, lanes);
    });
  }
};

} // namespace

void hadal::registerGPUEmbeddingGradientStrategy() {
  registerStrategy(std::make_unique<GPUEmbeddingGradientStrategy>());
}
