//===- ThreadAttention.cpp - the attention core by plain threads of a GPU -----------------------------------------===//
//
// A block of threads owns a block of queries of one head and walks over the keys in blocks, up to its last query. A
// thread holds four queries: their maximum m so far, its part of the sum l of 2^(score - m), and its channels of the
// output o = Σ 2^(score - m) v, where scores carry the factor log₂ e. For every block of keys:
//
//   scores = q kᵀ for the thread's four queries and four of the keys, -∞ beyond the query's own position
//   m' = max(m, scores) over the threads that share the queries, by shuffles;  p = 2^(scores - m')
//   l = l 2^(m - m') + Σ p;  o = o 2^(m - m');  p goes to shared memory
//   o += p v
//
// The threads' parts of l are added up at the end; the output is o / l, and the logarithm of the softmax's denominator
// (m + log₂ l) / log₂ e. No buffer grows with the square of the sequence.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/NVPTXStrategies.h"
#include "codegen/NVPTX/ThreadAttentionBlocks.h"
#include "llvm/Support/MathExtras.h"
#include <numbers>

using namespace mlir;
using namespace hadal;

namespace {

/// Less than every score, but finite, so that differences are no NaN.
constexpr double lowestScore = -1.0e30;

class ForwardEmitter : ThreadAttentionBlocks {
public:
  ForwardEmitter(GPUStage &stage, KernelOp kernel, const AttentionShape &shape, const ThreadAttentionTiles &tiles)
      : ThreadAttentionBlocks(stage, kernel, shape, AttentionWork::forward(shape), tiles), query(operand(0)),
        keyValue(operand(1)), rotaryKey(operand(2)), output(result(0)), share(outputShare(shape.value)) {}

  void emit() {
    findTask(/*lastBlockFirst=*/true);
    ProductOperand queries = keepOwned(queryRows(query, first, extentFrom(first, tiles.owned)), shape.query());
    SmallVector<Value> carried(threadVector, k.f32(lowestScore));
    carried.append(threadVector, k.f32(0.0));
    carried.append(zeroAccumulators(k, share));
    carried = k.forReduce(k.i64(0), k.add(first, count), tiles.walked, carried,
                          [&](Value key, ValueRange carried) { return emitKeys(queries, key, carried); });
    emitResults(carried);
  }

private:
  SmallVector<Value> emitKeys(const ProductOperand &queries, Value key, ValueRange carried) {
    Value extent = extentFrom(key, tiles.walked);
    ScoreTile tile = scores(queries, keyRows(keyValue, rotaryKey, key, extent), shape.query());
    SmallVector<Value> maxima(carried.take_front(threadVector)), sums(carried.slice(threadVector, threadVector));
    SmallVector<Value> outputs(carried.drop_front(2 * threadVector));
    for (int64_t i = 0; i < threadVector; ++i)
      emitSoftmax(tile[i], i, key, maxima[i], sums[i],
                  MutableArrayRef(outputs).slice(share.index(i, 0), share.columns / threadVector));
    SharedTile weights = storeWeights(tile, 0);
    outputs = accumulate(weights, valueColumns(keyValue, key), shape.value, extent, std::move(outputs));
    SmallVector<Value> next = std::move(maxima);
    next.append(sums);
    next.append(outputs);
    return next;
  }

  /// The online softmax of the thread's query i: turns its scores into weights and rescales what it has.
  void emitSoftmax(MutableArrayRef<Value> scores, int64_t i, Value key, Value &maximum, Value &sum,
                   MutableArrayRef<Value> outputs) {
    Value position = k.sub(k.add(first, ownedPosition(i)), key), largest;
    SmallVector<Value> seen;
    for (int64_t j = 0; j < threadVector; ++j) {
      seen.push_back(k.less(walkedPosition(j), k.add(position, 1)));
      Value scaled = k.mulf(scores[j], k.f32(shape.scale * std::numbers::log2e));
      scores[j] = k.select(seen[j], scaled, k.f32(lowestScore));
      largest = largest ? larger(largest, scores[j]) : scores[j];
    }
    largest = stage.warpReduce(largest, [&](Value a, Value b) { return larger(a, b); }, tiles.threadColumns());
    Value now = larger(maximum, largest);
    Value shrink = exp2(k.subf(maximum, now));
    sum = k.mulf(sum, shrink);
    for (int64_t j = 0; j < threadVector; ++j) {
      scores[j] = k.select(seen[j], exp2(k.subf(scores[j], now)), k.f32(0.0));
      sum = k.addf(sum, scores[j]);
    }
    maximum = now;
    Value factor = vector::BroadcastOp::create(k.builder, k.loc, VectorType::get({threadVector}, k.f32()), shrink);
    for (Value &output : outputs)
      output = k.mulf(output, factor);
  }

  /// The larger number; scores that are NaN are not looked for here (the loss is).
  Value larger(Value a, Value b) { return arith::MaxNumFOp::create(k.builder, k.loc, a, b); }

  void emitResults(ValueRange carried) {
    bool aligned = shape.value % threadVector == 0;
    SmallVector<Value> outputs(carried.drop_front(2 * threadVector));
    Value logs = k.argument(kernel.getNumArguments() + 1);
    for (int64_t i = 0; i < threadVector; ++i) {
      Value sum = stage.warpReduce(
          carried[threadVector + i], [&](Value a, Value b) { return k.addf(a, b); }, tiles.threadColumns());
      Value inverse = vector::BroadcastOp::create(k.builder, k.loc, VectorType::get({threadVector}, k.f32()),
                                                  k.divf(k.f32(1.0), sum));
      for (int64_t piece = 0; piece < share.columns / threadVector; ++piece) {
        Value &output = outputs[share.index(i, piece)];
        output = k.mulf(output, inverse);
      }
      Value position = ownedPosition(i);
      k.ifThen(k.less(position, count), [&] {
        Value row = k.add(k.mul(sampleRow(k.add(first, position)), shape.heads), headOfSample);
        Value to = k.address(output.base, k.mul(row, shape.value), output.element);
        storeRow(share, outputs, i, 0, shape.value, to, output.element, aligned);
        k.ifThen(k.equal(grid.column, k.i64(0)), [&] {
          Value log2 = ptx::Log2Op::create(k.builder, k.loc, sum);
          k.store(k.mulf(k.addf(carried[i], log2), k.f32(std::numbers::ln2)), logs, headRow(k.add(first, position)));
        });
      });
    }
  }

  AttentionTensor query, keyValue, rotaryKey, output;
  const ThreadShare share;
};

class ThreadAttentionStrategy : public KernelStrategy {
public:
  ThreadAttentionStrategy() : KernelStrategy(TargetKind::NVPTX, KernelKind::Attention, "thread_online_softmax") {}

  bool serves(KernelOp kernel, Refusals &refusals) const override {
    refuseAttention(kernel, refusals);
    auto op = findAttention<AttentionOp>(kernel);
    if (op && !fitsThreadAttention(AttentionWork::forward(AttentionShape::of(op))))
      (void)refusals.add(op, "has heads that are too large for the shared memory of a block");
    return op && fitsThreadAttention(AttentionWork::forward(AttentionShape::of(op)));
  }

  LogicalResult select(KernelOp kernel, const TargetDescription &target,
                       KernelConfiguration &configuration) const override {
    AttentionShape shape = AttentionShape::of(findAttention<AttentionOp>(kernel));
    AttentionWork work = AttentionWork::forward(shape);
    ThreadAttentionTiles tiles = chooseThreadAttentionTiles(shape, work);
    tiles.record(configuration);
    int64_t blocks = shape.batch * shape.heads * int64_t(llvm::divideCeil(shape.sequence, tiles.owned));
    configuration.addGPUStage("forward", blocks, tiles.threads(), tiles.sharedBytes(work));
    return success();
  }

  LogicalResult lower(KernelOp kernel, const KernelConfiguration &configuration, const TargetDescription &target,
                      OpBuilder &builder) const override {
    GPUStage stage(builder, kernel, configuration, 0, target);
    ForwardEmitter(stage, kernel, AttentionShape::of(findAttention<AttentionOp>(kernel)),
                   ThreadAttentionTiles::read(configuration))
        .emit();
    return success();
  }
};

} // namespace

void hadal::registerThreadAttentionStrategy() { registerStrategy(std::make_unique<ThreadAttentionStrategy>()); }
