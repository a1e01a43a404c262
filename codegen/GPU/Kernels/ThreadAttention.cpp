//===- ThreadAttention.cpp - the attention core by plain threads of a GPU -----------------------------------------===//
//
// A block of threads owns a block of queries of one head and walks over the keys in blocks, up to the one that its
// queries themselves are in. A thread holds four queries: their maximum m so far, its part of the sum l of 2^(score -
// m), and its channels of the output o = Σ 2^(score - m) v, where scores carry the factor log₂ e. For every block of
// keys:
//
//   scores = q kᵀ for the thread's four queries and four of the keys, -∞ beyond the query's own position
//   m' = max(m, scores) over the threads that share the queries, by shuffles;  p = 2^(scores - m')
//   l = l 2^(m - m') + Σ p;  o = o 2^(m - m');  p goes to shared memory
//   o += p v
//
// A query sees the keys up to its own position. On the diagonal the others are left out, of the maximum, of l and of o
// alike. Blocks of keys begin at absolute positions, and the last one of a query is the one that it is in: its bits are
// the same in every block of queries and every sequence.
//
// Where operands say which keys a query sees, a walk ends with the last key that any query of the block sees, and every
// block of keys is treated as the one on the diagonal: what a query does not see changes none of its numbers.
//
// The threads' parts of l are added up at the end; the output is o / l, and the logarithm of the softmax's denominator
// (m + log₂ l) / log₂ e. No buffer grows with the square of the sequence.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/GPU/Frames/ThreadSoftmax.h"
#include "codegen/GPU/GPUStrategies.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <numbers>

using namespace mlir;
using namespace hadal;

namespace {

class ForwardEmitter : ThreadSoftmax {
public:
  ForwardEmitter(GPUStage &stage, KernelOp kernel, const AttentionShape &shape, const ThreadAttentionTiles &tiles)
      : ThreadSoftmax(stage, kernel, shape, tiles), query(operand(0)), keyValue(operand(1)), rotaryKey(operand(2)),
        output(result(0)) {}

  void emit() {
    findTask(Owned::Queries);
    ProductOperand queries = keepOwned(queryRows(query, first, extentFrom(first, tiles.owned)), shape.query());
    if (!shape.isPlain())
      findSeen();
    Value end = shape.isPlain() ? diagonal() : mostSeen();
    SmallVector<Value> carried =
        k.forReduce(k.i64(0), end, tiles.walked, startWalk(), [&](Value key, ValueRange carried) {
          ptx::NoUnrollOp::create(k.builder, k.loc);
          if (shape.isPlain())
            // Blocks before the diagonal are whole.
            return addBlock(queries, key, Value(), carried, /*asks=*/false);
          return addBlock(queries, key, k.min(k.i64(tiles.walked), k.sub(end, key)), carried, /*asks=*/true);
        });
    if (shape.isPlain())
      carried = addBlock(queries, diagonal(), keyExtentFrom(diagonal(), tiles.walked), carried, /*asks=*/true);
    emitResults(carried);
  }

private:
  SmallVector<Value> addBlock(const ProductOperand &queries, Value key, Value extent, ValueRange carried, bool asks) {
    return addKeys(queries, keyRows(keyValue, rotaryKey, key, extent), valueColumns(keyValue, key), key, extent,
                   carried, asks);
  }

  void emitResults(ValueRange carried) {
    bool aligned = shape.value % threadVector == 0;
    SmallVector<Value> outputs = outputsOf(carried);
    Value logs = k.argument(kernel.getNumArguments() + 1);
    for (int64_t i = 0; i < threadVector; ++i) {
      Value sum = sumOf(carried, i);
      Value inverse = vector::BroadcastOp::create(k.builder, k.loc, VectorType::get({threadVector}, k.f32()),
                                                  k.divf(k.f32(1.0), sum));
      // In the plain form every query sees a key.
      Value isSeeing = shape.isPlain() ? Value() : seesKey(i, k.i64(0));
      for (int64_t piece = 0; piece < share.columns / threadVector; ++piece) {
        Value &output = outputs[share.index(i, piece)];
        output = k.mulf(output, inverse);
        if (isSeeing)
          output = k.select(isSeeing, output, k.constant(output.getType(), 0.0));
      }
      Value position = ownedPosition(i);
      k.ifThen(k.less(position, count), [&] {
        Value row = k.add(k.mul(sampleRow(k.add(first, position)), shape.heads), headOfSample);
        Value to = k.address(output.base, k.mul(row, shape.value), output.element);
        storeRow(share, outputs, i, 0, shape.value, to, output.element, aligned);
        k.ifThen(k.equal(grid.column, k.i64(0)), [&] {
          Value log2 = ptx::Log2Op::create(k.builder, k.loc, sum);
          Value logarithm = k.mulf(k.addf(maximumOf(carried, i), log2), k.f32(std::numbers::ln2));
          if (isSeeing)
            logarithm = k.select(isSeeing, logarithm, k.f32(-std::numeric_limits<double>::infinity()));
          k.store(logarithm, logs, headRow(k.add(first, position)));
        });
      });
    }
  }

  AttentionTensor query, keyValue, rotaryKey, output;
};

class ThreadAttentionStrategy : public KernelStrategy {
public:
  ThreadAttentionStrategy() : KernelStrategy(TargetKind::NVPTX, KernelKind::Attention, "thread_online_softmax") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    AttentionOpInterface op = anatomy.attention();
    if (!op || op.isGradient())
      return false;
    if (fitsThreadAttention(AttentionWork::forward(AttentionShape::of(op))))
      return true;
    (void)refusals.add(op, "has heads that are too large for the shared memory of a block");
    return false;
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    SmallVector<Candidate> candidates;
    for (const ThreadAttentionPlan &plan : proposeThreadAttention(shape, AttentionWork::forward(shape), target))
      candidates.push_back({plan.tiles.toChoice(anatomy.kernel().getContext()), plan.time});
    return candidates;
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    AttentionWork work = AttentionWork::forward(shape);
    auto choice = expectChoice<choices::ThreadAttentionAttr>(configuration, emitError);
    FailureOr<ThreadAttentionTiles> checked = failure();
    if (choice)
      checked = checkThreadAttention(choice, work, target, emitError);
    if (failed(checked))
      return failure();
    const ThreadAttentionTiles &tiles = *checked;
    int64_t blocks = shape.batch * shape.heads * int64_t(llvm::divideCeil(shape.sequence, tiles.owned));
    configuration.addGPUStage("forward", blocks, tiles.threads(), tiles.sharedBytes(work));
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp kernel = anatomy.kernel();
    GPUStage stage(builder, kernel, configuration, 0, target);
    ThreadAttentionTiles tiles = ThreadAttentionTiles::of(configuration.chosen<choices::ThreadAttentionAttr>());
    ForwardEmitter(stage, kernel, AttentionShape::of(anatomy.attention()), tiles).emit();
    return success();
  }
};

} // namespace

void hadal::registerThreadAttentionStrategy() { registerStrategy(std::make_unique<ThreadAttentionStrategy>()); }
