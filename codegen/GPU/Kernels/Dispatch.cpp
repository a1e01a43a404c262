//===- Dispatch.cpp - sorting tokens by expert on NVIDIA GPUs -----------------------------------------------------===//
//
// A stable counting sort of the N = T·k pairs of token and choice, without atomics: the same rows in every run.
//
//   count    a block of 256 pairs: a pair's rank is the number of pairs before it in the block with the same expert,
//            found by comparing with all of them in shared memory; the last pair of an expert knows how many there are.
//   scan     a warp per expert turns its counts of the blocks into sums over the blocks before, and keeps the total.
//   offsets  a warp does the same for the totals of the experts.
//   place    a pair's row: where its expert begins, plus the earlier blocks, plus its rank.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"
#include "codegen/GPU/GPUStrategies.h"

using namespace mlir;
using namespace hadal;

namespace {

class GPUDispatchStrategy : public GPUAnchoredStrategy<DispatchOp> {
public:
  GPUDispatchStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "counting_sort") {}

protected:
  static constexpr int64_t threads = 256;

  /// Shapes, and what the workspace holds: ranks of the pairs, counts of [block][expert], totals and beginnings of the
  /// experts, all i32.
  struct Layout {
    int64_t pairs, experts, blocks;
    explicit Layout(DispatchOp op)
        : pairs(elementsOf(op.getIndices())), experts(elementsOf(op.getOffsets()) - 1),
          blocks(llvm::divideCeil(pairs, threads)) {}
    int64_t counts() const { return pairs; }
    int64_t totals() const { return counts() + blocks * experts; }
    int64_t beginnings() const { return totals() + experts; }
    int64_t workspaceBytes() const { return (beginnings() + experts) * sizeof(int32_t); }
  };

  void plan(DispatchOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    Layout layout(op);
    configuration.addGPUStage("count", layout.blocks, threads, threads * sizeof(int32_t));
    configuration.addGPUStage("scan", GPUStage::blocksOfWarps(layout.experts, threads), threads);
    configuration.addGPUStage("offsets", 1, warpSize);
    configuration.addGPUStage("place", layout.blocks, threads);
    configuration.workspace = layout.workspaceBytes();
  }

  void emitStage(DispatchOp op, unsigned stage, GPUAnchorContext &context) const override {
    Layout layout(op);
    switch (stage) {
    case 0:
      return emitCount(layout, context);
    case 1:
      return emitScan(layout, context);
    case 2:
      return emitOffsets(layout, context);
    default:
      return emitPlace(layout, context);
    }
  }

private:
  static Value part(GPUAnchorContext &context, int64_t offset) {
    return context.k.address(context.workspace(), context.k.i64(offset), context.k.i32());
  }

  static void emitCount(const Layout &layout, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    Value pair = k.add(k.mul(stage.block(), threads), stage.thread()), exists = k.less(pair, k.i64(layout.pairs));
    Value expert = k.load(k.i32(), context.operand(0), k.min(pair, k.i64(layout.pairs - 1)));
    // Threads without a pair have an expert that nobody else has.
    Value number = k.truncate(stage.thread());
    expert = k.select(exists, expert, k.sub(k.i32(-1), number));
    Value memory = stage.shared(0), counts = part(context, layout.counts());
    Value own = k.mul(stage.block(), layout.experts);
    k.store(expert, memory, stage.thread());
    stage.forThreads(0, layout.experts, [&](Value index) { k.store(k.i32(0), counts, k.add(own, index)); });
    stage.barrier();

    k.lanes = 4;
    Value wanted = k.broadcast(expert), ownNumber = k.broadcast(number), none = k.broadcast(k.i32(0));
    auto asCount = [&](Value same, Value where) -> Value {
      return arith::ExtUIOp::create(k.builder, k.loc, k.vectorOf(k.i32()),
                                    arith::AndIOp::create(k.builder, k.loc, same, where));
    };
    SmallVector<Value> found =
        k.forReduce(k.i64(0), k.i64(threads), k.lanes, {none, none}, [&](Value index, ValueRange carried) {
          Value same = k.equal(k.loadAligned(k.i32(), memory, index, k.lanes), wanted);
          Value other = k.add(k.broadcast(k.truncate(index)), k.laneNumbers());
          return SmallVector<Value>{k.add(carried[0], asCount(same, k.less(other, ownNumber))),
                                    k.add(carried[1], asCount(same, k.less(ownNumber, other)))};
        });
    Value rank = k.reduceAdd(found[0]), isLast = k.equal(k.reduceAdd(found[1]), k.i32(0));
    k.ifThen(exists, [&] {
      k.store(rank, context.workspace(), pair);
      k.ifThen(isLast, [&] { k.store(k.add(rank, k.i32(1)), counts, k.add(own, k.extend(expert))); });
    });
  }

  /// Turns `count` numbers, read and written by place, into the sums of those before each; returns the sum of all. One
  /// warp.
  static Value scan(GPUStage &stage, int64_t count, function_ref<Value(Value place)> read,
                    function_ref<void(Value place, Value before)> write) {
    KernelBuilder &k = stage.k;
    return k.forReduce(k.i64(0), k.i64(count), warpSize, {k.i32(0)}, [&](Value start, ValueRange carried) {
      Value place = k.add(start, stage.lane()), exists = k.less(place, k.i64(count));
      Value number = k.select(exists, read(k.min(place, k.i64(count - 1))), k.i32(0));
      Value sum = k.add(carried[0], stage.warpScanAdd(number));
      k.ifThen(exists, [&] { write(place, k.sub(sum, number)); });
      return SmallVector<Value>{stage.shuffle(ptx::ShuffleKind::Index, sum, k.i32(warpSize - 1))};
    })[0];
  }

  static void emitScan(const Layout &layout, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    Value counts = part(context, layout.counts()), totals = part(context, layout.totals());
    context.stage.forWarps(layout.experts, [&](Value expert) {
      auto at = [&](Value block) { return k.add(k.mul(block, layout.experts), expert); };
      Value total = scan(
          context.stage, layout.blocks, [&](Value block) { return k.load(k.i32(), counts, at(block)); },
          [&](Value block, Value before) { k.store(before, counts, at(block)); });
      k.ifThen(k.equal(context.stage.lane(), k.i64(0)), [&] { k.store(total, totals, expert); });
    });
  }

  static void emitOffsets(const Layout &layout, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    Value totals = part(context, layout.totals()), beginnings = part(context, layout.beginnings());
    Value all = scan(
        context.stage, layout.experts, [&](Value expert) { return k.load(k.i32(), totals, expert); },
        [&](Value expert, Value before) {
          k.store(before, beginnings, expert);
          context.store(2, before, expert);
        });
    k.ifThen(k.equal(context.stage.lane(), k.i64(0)), [&] { context.store(2, all, k.i64(layout.experts)); });
  }

  static void emitPlace(const Layout &layout, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    Value pair = k.add(k.mul(stage.block(), threads), stage.thread());
    k.ifThen(k.less(pair, k.i64(layout.pairs)), [&] {
      Value expert = k.extend(k.load(k.i32(), context.operand(0), pair));
      Value count = k.add(k.mul(stage.block(), layout.experts), expert);
      Value row = k.add(k.load(k.i32(), part(context, layout.beginnings()), expert),
                        k.load(k.i32(), part(context, layout.counts()), count));
      row = k.add(row, k.load(k.i32(), context.workspace(), pair));
      context.store(0, k.truncate(pair), k.extend(row));
      context.store(1, row, pair);
    });
  }
};

} // namespace

void hadal::registerGPUDispatchStrategy() { registerStrategy(std::make_unique<GPUDispatchStrategy>()); }
