//===- TensorAttention.cpp - the attention core on tensor cores ---------------------------------------------------===//
//
// One block per tile of queries of a head, those with the most keys first. The producer loads the queries once and
// keeps two rings filled, one of keys and one of values. A consuming warp group owns 64 queries; each of its threads
// holds a part of two rows of every product. Per step of keys it computes
//
//   S = Q Kᵀ;  m' = max(m, S);  P = exp2(c S - c m');  l = l exp2(c m - c m') + Σ P;  O = O exp2(c m - c m') + P V
//
// with c = scale · log2 e, P rounded to bf16 in registers, where wgmma takes it from as its A operand. The product with
// the values lags one step behind: S of step j and P V of step j - 1 are under way together, and the tensor cores work
// while the exponentials of step j are computed (the order of FlashAttention-3, Shah et al. 2024).
//
// Keys behind a row's own position are excluded by -infinity in the steps that reach them; the first step never
// excludes all keys of a row, so the maxima are finite. What lies behind the end of the sequence reads as zeros, and
// rows there are not stored. At the end the output is O / l, and the logarithm of the denominators scale · m + ln l.
//
// Where operands say which keys a query sees, a block walks up to the last one that any of its queries sees. Values
// behind that may be no numbers: they are cleared in shared memory. A query that sees no key computes what is no number
// in a row of its own, and zeros are stored for it. What it sees decides a row's bits, not who says so.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/GPU/Frames/TensorKernel.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/Selection/GPU/TensorAttentionTiles.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

namespace {

/// What a consumer carries from step to step; vectors hold a thread's numbers, pairs one of its two rows each.
struct SoftmaxState {
  Value output;  // vector<value/2 x f32>
  Value weights; // P, packed
  Value maximum[2], sum[2];

  SmallVector<Value> values() const { return {output, weights, maximum[0], maximum[1], sum[0], sum[1]}; }
  static SoftmaxState of(ValueRange v) { return {v[0], v[1], {v[2], v[3]}, {v[4], v[5]}}; }
};

class AttentionEmitter {
public:
  AttentionEmitter(AttentionOpInterface op, const KernelConfiguration &configuration, GPUStage &stage)
      : op(op), shape(AttentionShape::of(op)),
        tiles(TensorAttentionTiles::of(configuration.chosen<choices::TensorAttentionAttr>(), shape)),
        memory(shape, tiles), stage(stage), k(stage.k), t(stage), keySwizzle(*commonSwizzle({shape.nope, shape.rope})),
        valueSwizzle(*commonSwizzle({shape.value})) {
    queryType = t.matrix(tiles.queries, shape.query(), true, keySwizzle);
    keyType = t.matrix(tiles.keys, shape.query(), true, keySwizzle);
    valueType = t.matrix(shape.value, tiles.keys, false, valueSwizzle);
  }

  void emit() {
    zero = t.number(0);
    one = t.number(1);
    findBlock();
    queryRing = t.ring(memory.barrierOffset, 1);
    keyRing = t.ring(memory.barrierOffset + 16, tiles.stages);
    valueRing = t.ring(memory.barrierOffset + 16 + 16 * tiles.stages, tiles.stages);
    int64_t readers = 4 * tiles.consumers();
    t.start({queryRing, keyRing, valueRing}, {{1, readers}, {1, readers}, {1, readers}}, stage.maps);
    // In the plain form every query sees a key.
    Value isSeen = shape.isPlain() ? Value() : t.less(zero, steps);
    auto ifSeen = [&](function_ref<void()> then, function_ref<void()> otherwise) {
      return isSeen ? k.ifThen(isSeen, then, otherwise) : then();
    };
    t.specialize(
        attentionRegisters(tiles.consumers()), [&] { t.once([&] { ifSeen([&] { produce(); }, {}); }); },
        [&](Value group) {
          findRows(group);
          ifSeen([&] { consume(); }, [&] { storeNothing(); });
        });
  }

private:
  /// Tile of queries, batch and head of this block, and how many steps of keys it takes: all up to its last query.
  void findBlock() {
    int64_t allHeads = shape.batch * shape.heads, blocks = llvm::divideCeil(shape.sequence, tiles.queries);
    Value task = k.truncate(stage.block());
    Value tile = t.sub(t.number(blocks - 1), t.div(task, allHeads)), index = t.rem(task, allHeads);
    batch = t.div(index, shape.heads);
    head = t.rem(index, shape.heads);
    firstQuery = t.mul(tile, tiles.queries);
    if (!shape.isPlain())
      return findSeen();
    Value end = t.min(t.add(firstQuery, tiles.queries), t.number(shape.sequence));
    steps = t.ceilDiv(end, tiles.keys);
    // Steps whose keys all lie before the first query need no mask.
    wholeSteps = t.div(firstQuery, tiles.keys);
  }

  /// The same where operands say what a query sees: every warp looks at all queries of the block.
  void findSeen() {
    Value most = zero, fewest = t.number(shape.keys);
    for (int64_t query = 0; query < tiles.queries; query += warpSize) {
      Value seen = seenBy(t.add(t.add(firstQuery, query), t.lane));
      most = k.max(most, seen);
      fewest = t.min(fewest, seen);
    }
    keysSeen = stage.warpReduceMax(most);
    fewest = stage.warpReduce(fewest, [&](Value a, Value b) { return t.min(a, b); });
    steps = t.ceilDiv(keysSeen, tiles.keys);
    wholeSteps = t.div(fewest, tiles.keys);
  }

  /// How many keys a query sees, from key 0 on; one that does not exist what the last one does.
  Value seenBy(Value query) {
    query = t.min(query, t.number(shape.sequence - 1));
    auto load = [&](unsigned operand, Value index) { return k.load(k.i32(), k.argument(operand), t.wide(index)); };
    Value position = query;
    if (shape.positions)
      position = load(*shape.positions, t.add(t.mul(batch, shape.sequence), query));
    Value end = t.min(t.add(position, 1), t.number(shape.keys));
    if (shape.keyLengths)
      end = t.min(end, load(*shape.keyLengths, batch));
    return k.max(end, zero);
  }

  //===- Producer ---------------------------------------------------------------------------------------------------//

  void produce() {
    Value queryColumn = t.mul(head, shape.query()), keyColumn = t.mul(head, shape.keyValue());
    Value valueColumn = t.add(keyColumn, shape.nope);
    int64_t panel = panelElements(keySwizzle);
    t.expect(queryRing, zero, queryType.bytes());
    t.load(stage.maps[0], {queryColumn, firstQuery, batch}, t.view(queryType, 0), queryRing, zero);
    t.forLoop(zero, steps, one, [&](Value step) {
      Value key = t.mul(step, tiles.keys);
      Value keys = t.ringTile(keyRing, step, keyType, memory.keyOffset, memory.keyBytes);
      t.acquire(keyRing, step);
      t.expect(keyRing, step, keyType.bytes());
      t.load(stage.maps[1], {keyColumn, key, batch}, keys, keyRing, step, 0, shape.nope / panel);
      t.load(stage.maps[2], {zero, key, batch}, keys, keyRing, step, shape.nope / panel, shape.rope / panel);
      t.acquire(valueRing, step);
      t.expect(valueRing, step, valueType.bytes());
      t.load(stage.maps[3], {valueColumn, key, batch}, valueTile(step), valueRing, step);
    });
  }

  Value keyTile(Value step) { return t.ringTile(keyRing, step, keyType, memory.keyOffset, memory.keyBytes); }
  Value valueTile(Value step) { return t.ringTile(valueRing, step, valueType, memory.valueOffset, memory.valueBytes); }

  //===- Consumers --------------------------------------------------------------------------------------------------//

  void findRows(Value group) {
    groupRow = t.mul(group, 64);
    for (int64_t half = 0; half < 2; ++half) {
      position[half] = t.add(t.add(firstQuery, groupRow), t.accumulatorRow(half));
      lastSeen[half] = shape.isPlain() ? position[half] : t.add(seenBy(position[half]), -1);
    }
  }

  void consume() {
    query = t.view(queryType, 0);
    t.wait(queryRing, zero);

    // Step 0 has scores only.
    Value scores = startScores(zero);
    scores = t.waitProducts(0, scores).front();
    t.release(keyRing, zero);
    SoftmaxState state;
    Value lowest = k.f32(-INFINITY), none = k.f32(0);
    state.output = t.zeros(shape.value);
    Softmax first = softmax(scores, zero, {lowest, lowest}, {none, none}, /*masked=*/true);
    state.weights = t.pack(first.weights);
    for (int64_t half = 0; half < 2; ++half) {
      state.maximum[half] = first.maximum[half];
      state.sum[half] = first.sum[half];
    }

    Value whole = t.min(k.max(wholeSteps, one), steps);
    state = emitSteps(one, whole, state, /*masked=*/false);
    state = emitSteps(whole, steps, state, /*masked=*/true);

    Value last = t.add(steps, -1);
    t.wait(valueRing, last);
    if (!shape.isPlain())
      clearUnseen(last);
    Value output = t.product(state.weights, Value(), valueTile(last), Value(), state.output);
    output = t.waitProducts(0, output).front();
    store(output, state);
  }

  /// Values behind the last one that is seen become zeros.
  void clearUnseen(Value step) {
    Value left = t.sub(keysSeen, t.mul(step, tiles.keys));
    k.ifThen(t.less(left, t.number(tiles.keys)), [&] {
      int32_t threads = int32_t(tiles.consumers() * warpGroupSize);
      tile::ClearRowsOp::create(k.builder, k.loc, valueTile(step), left, t.add(t.thread, -warpGroupSize), threads);
      ptx::FenceProxyAsyncOp::create(k.builder, k.loc);
      ptx::BarrierOp::create(k.builder, k.loc, one, threads);
    });
  }

  /// For queries none of which sees a key.
  void storeNothing() {
    Value lowest = k.f32(-INFINITY), sum = k.f32(1);
    store(t.zeros(shape.value), {Value(), Value(), {lowest, lowest}, {sum, sum}});
  }

  SoftmaxState emitSteps(Value begin, Value end, const SoftmaxState &initial, bool masked) {
    SmallVector<Value> after =
        t.forReduce(begin, end, one, initial.values(), [&](Value step, ValueRange carried) -> SmallVector<Value> {
          return emitStep(step, SoftmaxState::of(carried), masked).values();
        });
    return SoftmaxState::of(after);
  }

  Value startScores(Value step) {
    t.wait(keyRing, step);
    return t.product(query, groupRow, keyTile(step), Value(), t.zeros(tiles.keys), no());
  }
  Value no() { return arith::ConstantOp::create(k.builder, k.loc, k.builder.getBoolAttr(false)); }

  SoftmaxState emitStep(Value step, const SoftmaxState &state, bool masked) {
    Value previous = t.add(step, -1);
    Value scores = startScores(step);
    t.wait(valueRing, previous);
    Value output = t.product(state.weights, Value(), valueTile(previous), Value(), state.output);
    scores = t.waitProducts(1, scores).front();
    t.release(keyRing, step);
    Softmax next = softmax(scores, step, state.maximum, state.sum, masked);
    // The exponentials stay before the wait, and rounding them into wgmma's operands, which pass through it, behind it.
    ptx::PinOp::create(k.builder, k.loc, k.addf(next.sum[0], next.sum[1]), stage.shared(memory.pinOffset));
    SmallVector<Value> done = t.waitProducts(0, {output, next.weights});
    t.release(valueRing, previous);
    SoftmaxState result;
    SmallVector<Value> numbers;
    for (int64_t i = 0; i < shape.value / 2; ++i)
      numbers.push_back(k.mulf(t.at(done[0], i), next.factor[i % 4 / 2]));
    result.output = t.fromNumbers(numbers);
    result.weights = t.pack(done[1]);
    for (int64_t half = 0; half < 2; ++half) {
      result.maximum[half] = next.maximum[half];
      result.sum[half] = next.sum[half];
    }
    return result;
  }

  struct Softmax {
    Value weights; // not rounded yet
    Value maximum[2], sum[2], factor[2];
  };

  /// Number i of a thread's scores belongs to half (i mod 4) / 2. A row is spread over four neighbouring lanes; its
  /// maximum is made known to all of them, its sum stays in parts until the end.
  Softmax softmax(Value scores, Value step, ArrayRef<Value> maximum, ArrayRef<Value> sum, bool masked) {
    Softmax result;
    SmallVector<Value> score(tiles.keys / 2), weight(tiles.keys / 2);
    Value lowest = k.f32(-INFINITY), base = k.f32(shape.scale * M_LOG2E);
    Value firstKey = t.add(t.mul(step, tiles.keys), t.accumulatorColumn());
    // Column 8·j + c is excluded from a half's row when it is more than this.
    Value bound[2] = {t.sub(lastSeen[0], firstKey), t.sub(lastSeen[1], firstKey)};
    for (int64_t i = 0; i < tiles.keys / 2; ++i) {
      score[i] = t.at(scores, i);
      if (masked)
        score[i] = k.select(t.less(bound[i % 4 / 2], t.number(i / 4 * 8 + i % 2)), lowest, score[i]);
    }
    for (int64_t half = 0; half < 2; ++half) {
      Value highest = maximum[half];
      for (int64_t i = 0; i < tiles.keys / 2; ++i)
        if (i % 4 / 2 == half)
          highest = maximumOf(highest, score[i]);
      for (int32_t distance : {1, 2})
        highest = maximumOf(highest, stage.shuffleXor(highest, distance));
      result.maximum[half] = highest;
      Value scaled = k.mulf(highest, base);
      result.factor[half] = exp2(k.subf(k.mulf(maximum[half], base), scaled));
      Value negative = arith::NegFOp::create(k.builder, k.loc, scaled), total = k.mulf(sum[half], result.factor[half]);
      for (int64_t i = 0; i < tiles.keys / 2; ++i)
        if (i % 4 / 2 == half) {
          weight[i] = exp2(k.fma(score[i], base, negative));
          total = k.addf(total, weight[i]);
        }
      result.sum[half] = total;
    }
    result.weights = t.fromNumbers(weight);
    return result;
  }

  Value exp2(Value value) { return ptx::Exp2Op::create(k.builder, k.loc, value); }
  Value maximumOf(Value a, Value b) {
    return arith::MaxNumFOp::create(k.builder, k.loc, a, b, arith::FastMathFlags::nnan);
  }

  void store(Value output, const SoftmaxState &state) {
    Type element = cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
    Value channels = t.number(shape.heads * shape.value);
    for (int64_t half = 0; half < 2; ++half) {
      Value sum = state.sum[half];
      for (int32_t distance : {1, 2})
        sum = k.addf(sum, stage.shuffleXor(sum, distance));
      Value inverse = k.divf(k.f32(1), sum);
      Value isSeeing = shape.isPlain() ? Value() : t.less(t.number(-1), lastSeen[half]);
      auto seenOr = [&](Value value, double otherwise) {
        return isSeeing ? k.select(isSeeing, value, k.f32(otherwise)) : value;
      };
      Value row = t.add(t.mul(batch, shape.sequence), position[half]);
      Value start =
          k.add(k.mul(t.wide(row), t.wide(channels)), t.wide(t.add(t.mul(head, shape.value), t.accumulatorColumn())));
      k.ifThen(t.less(position[half], t.number(shape.sequence)), [&] {
        for (int64_t j = 0; j < shape.value / 8; ++j) {
          Value pair = t.fromNumbers({seenOr(k.mulf(t.at(output, 4 * j + 2 * half), inverse), 0),
                                      seenOr(k.mulf(t.at(output, 4 * j + 2 * half + 1), inverse), 0)});
          if (element.isBF16())
            pair = arith::TruncFOp::create(k.builder, k.loc, k.vectorOf(element), pair);
          k.storeAligned(pair, result(0), k.add(start, k.i64(8 * j)), 2);
        }
        Value logarithm = k.mulf(ptx::Log2Op::create(k.builder, k.loc, sum), k.f32(M_LN2));
        storeStatistic(half, seenOr(k.fma(state.maximum[half], k.f32(shape.scale), logarithm), -INFINITY));
      });
    }
  }

  /// scale · m + ln l, by one of the four lanes of a row.
  void storeStatistic(int64_t half, Value statistic) {
    k.ifThen(k.equal(t.rem(t.lane, 4), zero), [&] {
      Value row = t.add(t.mul(batch, shape.heads), head);
      k.store(statistic, result(1), k.add(k.mul(t.wide(row), shape.sequence), t.wide(position[half])));
    });
  }

  Value result(unsigned index) { return k.argument(op->getNumOperands() + index); }

  AttentionOpInterface op;
  AttentionShape shape;
  TensorAttentionTiles tiles;
  ForwardMemory memory;
  GPUStage &stage;
  KernelBuilder &k;
  TensorKernel t;
  ptx::Swizzle keySwizzle, valueSwizzle;
  tile::MatrixType queryType, keyType, valueType;
  Value zero, one, queryRing, keyRing, valueRing, query;
  Value batch, head, firstQuery, steps, wholeSteps;
  /// The most keys that a query of the block sees, where operands say so.
  Value keysSeen;
  /// Of a consumer: its first row, its thread's two queries, and the last key that each sees.
  Value groupRow, position[2], lastSeen[2];
};

class TensorAttentionStrategy : public KernelStrategy {
public:
  TensorAttentionStrategy()
      : KernelStrategy(TargetKind::NVPTX, KernelKind::Attention, "wgmma_online_softmax",
                       arithmetic::SumOrder::TensorCores) {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    AttentionOpInterface op = anatomy.attention();
    if (!op || op.isGradient())
      return false;
    if (!multipliesBF16(op))
      return succeeded(refusals.add(op, "is not for tensor cores: they multiply bf16"));
    if (succeeded(chooseForwardTiles(AttentionShape::of(op))))
      return true;
    return succeeded(
        refusals.add(op, "is not for tensor cores: its heads are too large, or 16 does not divide a part"));
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    KernelOp kernel = anatomy.kernel();
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    return {{chooseForwardTiles(shape)->toChoice(kernel.getContext()),
             predictTensorAttention(shape, shape.query() + shape.value, kernel, target, /*launches=*/1)}};
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    AttentionOpInterface op = anatomy.attention();
    AttentionShape shape = AttentionShape::of(op);
    auto choice = expectChoice<choices::TensorAttentionAttr>(configuration, emitError);
    if (!choice)
      return failure();
    TensorAttentionTiles tiles = TensorAttentionTiles::of(choice, shape);
    if (ForwardMemory(shape, tiles).bytes > getMostSharedMemory() || tiles.stages < 2)
      return emitError() << "stages is " << tiles.stages << ", and has to be " << chooseForwardTiles(shape)->stages
                         << ": the shared memory of a block holds no other ring";
    int64_t blocks = shape.batch * shape.heads * llvm::divideCeil(shape.sequence, tiles.queries);
    StageSpec &stage = configuration.addGPUStage("forward", blocks, tiles.threads(), ForwardMemory(shape, tiles).bytes);
    ptx::Swizzle keySwizzle = *commonSwizzle({shape.nope, shape.rope}), valueSwizzle = *commonSwizzle({shape.value});
    stage.maps = {describeChannels(0, op.getQuery().getType(), tiles.queries, keySwizzle),
                  describeChannels(1, op.getKeyValue().getType(), tiles.keys, keySwizzle),
                  describeChannels(2, op.getRotaryKey().getType(), tiles.keys, keySwizzle),
                  describeChannels(1, op.getKeyValue().getType(), tiles.keys, valueSwizzle)};
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp kernel = anatomy.kernel();
    GPUStage stage(builder, kernel, configuration, 0, target, /*lanes=*/2);
    AttentionEmitter(anatomy.attention(), configuration, stage).emit();
    return success();
  }
};

} // namespace

void hadal::registerTensorAttentionStrategy() { registerStrategy(std::make_unique<TensorAttentionStrategy>()); }
