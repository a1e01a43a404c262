//===- TensorAttentionGradient.cpp - the gradient of the attention core on tensor cores ---------------------------===//
//
// With P = exp2(c Q Kᵀ - log2 of the denominators) recomputed, and D = the sum of gradient · output over a head's
// channels, one number per query, the gradient is
//
//   dV = Pᵀ dO,   dS = P ∘ (dO Vᵀ - D),   dQ = scale · dS K,   dK = scale · dSᵀ Q.
//
// Sums over queries and sums over keys are formed in passes of their own, so that no number is added to from two
// blocks and the result is the same in every run:
//
//   prepare  a warp per query and head: D and the denominators' logarithm, into the workspace; queries behind the end
//   of
//            the sequence get the logarithm of infinity, so that their P is 0
//   keys     a block per tile of keys of a head, walking over the queries that see them: dK and dV
//   queries  a block per tile of queries of a head, walking over the keys they see: dQ
//   rotary   a thread per number of the rotary key's gradient: its sum over the heads, in their order
//
// The pass of the keys works on transposed scores, Sᵀ = K Qᵀ and dPᵀ = V dOᵀ: what a thread then holds of Pᵀ and dSᵀ
// is, rounded to bf16, in the layout in which wgmma takes A from registers. A tile that is loaded once serves as both
// forms of B: its rows are contiguous along the channels, which are the depth of the first products (major k) and the
// columns of the second ones (major mn).
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

// Arguments of the kernel.
enum : unsigned { argQuery, argKeyValue, argRotary, argOutput, argStatistics, argGradient };
enum : unsigned { argQueryGradient = 6, argKeyValueGradient, argRotaryGradient, argWorkspace };
/// A result of the operation, by its argument of the kernel.
Value resultOf(AttentionOpInterface op, unsigned argument) { return op->getResult(argument - argQueryGradient); }
// Stages.
enum : unsigned { stagePrepare, stageKeys, stageQueries, stageRotary };

/// What both passes share.
class GradientPass {
public:
  GradientPass(GradientPassKind pass, AttentionOpInterface op, choices::TensorAttentionAttr choice, GPUStage &stage)
      : op(op), shape(AttentionShape::of(op)), tiles(TensorGradientTiles::of(pass, choice, shape)),
        memory(shape, tiles), workspace(shape), stage(stage), k(stage.k), t(stage),
        keySwizzle(*commonSwizzle({shape.nope, shape.rope})), valueSwizzle(*commonSwizzle({shape.value})) {
    zero = t.number(0);
    one = t.number(1);
    ownedQuery = t.matrix(tiles.owned, shape.query(), true, keySwizzle);
    ownedValue = t.matrix(tiles.owned, shape.value, true, valueSwizzle);
    walkedQuery = t.matrix(tiles.walked, shape.query(), true, keySwizzle);
    walkedValue = t.matrix(tiles.walked, shape.value, true, valueSwizzle);
    queryColumns = t.matrix(shape.query(), tiles.walked, false, keySwizzle);
    valueColumns = t.matrix(shape.value, tiles.walked, false, valueSwizzle);
  }

protected:
  /// Tile of owned rows (the first or the last ones first), batch and head of this block.
  void findBlock(bool lastFirst) {
    int64_t allHeads = shape.batch * shape.heads, blocks = llvm::divideCeil(shape.sequence, tiles.owned);
    Value task = k.truncate(stage.block());
    Value tile = t.div(task, allHeads), index = t.rem(task, allHeads);
    if (lastFirst)
      tile = t.sub(t.number(blocks - 1), tile);
    batch = t.div(index, shape.heads);
    head = t.rem(index, shape.heads);
    firstOwned = t.mul(tile, tiles.owned);
    queryColumn = t.mul(head, shape.query());
    keyColumn = t.mul(head, shape.keyValue());
    valueColumn = t.mul(head, shape.value);
  }

  void startRings() {
    ownedRing = t.ring(memory.barrierOffset, 1);
    walkedRing = t.ring(memory.barrierOffset + 16, tiles.stages);
    int64_t readers = 4 * tiles.consumers();
    t.start({ownedRing, walkedRing}, {{1, readers}, {1, readers}}, stage.maps);
  }

  /// One side of the product: keys and values (whose tensors are three), or queries and gradients. `first` is the map
  /// of the side's first tensor.
  void loadKeys(unsigned first, Value row, Value keys, Value values, Value ring, Value fill) {
    int64_t panel = panelElements(keySwizzle);
    t.load(stage.maps[first], {keyColumn, row, batch}, keys, ring, fill, 0, shape.nope / panel);
    t.load(stage.maps[first + 1], {zero, row, batch}, keys, ring, fill, shape.nope / panel, shape.rope / panel);
    t.load(stage.maps[first + 2], {t.add(keyColumn, shape.nope), row, batch}, values, ring, fill);
  }
  void loadQueries(unsigned first, Value row, Value queries, Value gradients, Value ring, Value fill) {
    t.load(stage.maps[first], {queryColumn, row, batch}, queries, ring, fill);
    t.load(stage.maps[first + 1], {valueColumn, row, batch}, gradients, ring, fill);
  }

  Value walked(tile::MatrixType type, Value fill, bool isValue) {
    return t.ringTile(walkedRing, fill, type, memory.ringOffset + (isValue ? memory.walkedQueryBytes : 0),
                      memory.stageBytes);
  }
  Value no() { return arith::ConstantOp::create(k.builder, k.loc, k.builder.getBoolAttr(false)); }
  Value exp2(Value value) { return ptx::Exp2Op::create(k.builder, k.loc, value); }

  /// Both products of a step with the owned tiles: owned query side · walked query side, and the same of the value
  /// side. Two groups.
  std::pair<Value, Value> startScores(Value ownedRow, Value fill) {
    Value scores = t.product(t.view(ownedQuery, 0), ownedRow, walked(walkedQuery, fill, false), Value(),
                             t.zeros(tiles.walked), no());
    Value slopes = t.product(t.view(ownedValue, memory.ownedValueOffset), ownedRow, walked(walkedValue, fill, true),
                             Value(), t.zeros(tiles.walked), no());
    return {scores, slopes};
  }

  /// The pair (-log2 of the denominators, D) of a query: where it lies.
  Value pairAddress(Value position) {
    Value row = k.mul(t.wide(t.add(t.mul(batch, shape.heads), head)), workspace.paddedSequence);
    return k.address(k.argument(argWorkspace), k.mul(k.add(row, t.wide(position)), 2), k.f32());
  }

  /// Stores columns [begin, end) of a sum times a factor: 64 owned rows of a tensor with rows of `channels`, the sum's
  /// column `begin` at column `at`.
  void storeColumns(Value sum, int64_t begin, int64_t end, double factor, Value pointer, Type element, int64_t channels,
                    Value at, Value groupRow) {
    for (int64_t half = 0; half < 2; ++half) {
      Value position = t.add(t.add(firstOwned, groupRow), t.accumulatorRow(half));
      Value row = t.add(t.mul(batch, shape.sequence), position);
      Value start = k.add(k.mul(t.wide(row), channels), t.wide(t.add(at, t.accumulatorColumn())));
      k.ifThen(t.less(position, t.number(shape.sequence)), [&] {
        for (int64_t j = begin / 8; j < end / 8; ++j) {
          Value scale = k.f32(factor);
          Value pair = t.fromNumbers(
              {k.mulf(t.at(sum, 4 * j + 2 * half), scale), k.mulf(t.at(sum, 4 * j + 2 * half + 1), scale)});
          if (element.isBF16())
            pair = arith::TruncFOp::create(k.builder, k.loc, k.vectorOf(element), pair);
          k.storeAligned(pair, pointer, k.add(start, k.i64(8 * j - begin)), 2);
        }
      });
    }
  }
  static Type elementOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getElementType(); }

  AttentionOpInterface op;
  AttentionShape shape;
  TensorGradientTiles tiles;
  GradientMemory memory;
  GradientWorkspace workspace;
  GPUStage &stage;
  KernelBuilder &k;
  TensorKernel t;
  ptx::Swizzle keySwizzle, valueSwizzle;
  tile::MatrixType ownedQuery, ownedValue, walkedQuery, walkedValue, queryColumns, valueColumns;
  Value zero, one, ownedRing, walkedRing;
  Value batch, head, firstOwned, queryColumn, keyColumn, valueColumn;
};

//===----------------------------------------------------------------------===//
// The pass of the keys
//===----------------------------------------------------------------------===//

class KeyPass : GradientPass {
public:
  KeyPass(AttentionOpInterface op, choices::TensorAttentionAttr choice, GPUStage &stage)
      : GradientPass(GradientPassKind::Keys, op, choice, stage) {}

  void emit() {
    findBlock(/*lastFirst=*/false);
    startRings();
    // From the first query that sees one of the keys on.
    firstStep = t.div(firstOwned, tiles.walked);
    steps = t.sub(t.number(llvm::divideCeil(shape.sequence, tiles.walked)), firstStep);
    t.specialize(
        attentionRegisters(tiles.consumers()), [&] { t.once([&] { produce(); }); },
        [&](Value group) { consume(group); });
  }

private:
  void produce() {
    t.expect(ownedRing, zero, ownedQuery.bytes() + ownedValue.bytes());
    loadKeys(0, firstOwned, t.view(ownedQuery, 0), t.view(ownedValue, memory.ownedValueOffset), ownedRing, zero);
    t.forLoop(zero, steps, one, [&](Value step) {
      t.acquire(walkedRing, step);
      t.expect(walkedRing, step, walkedQuery.bytes() + walkedValue.bytes());
      loadQueries(3, t.mul(t.add(firstStep, step), tiles.walked), walked(walkedQuery, step, false),
                  walked(walkedValue, step, true), walkedRing, step);
    });
  }

  void consume(Value group) {
    Value groupRow = t.mul(group, 64);
    for (int64_t half = 0; half < 2; ++half)
      key[half] = t.add(t.add(firstOwned, groupRow), t.accumulatorRow(half));
    t.wait(ownedRing, zero);
    SmallVector<Value> sums =
        t.forReduce(zero, steps, one, {t.zeros(shape.query()), t.zeros(shape.value)},
                    [&](Value step, ValueRange carried) { return emitStep(step, groupRow, carried); });
    storeColumns(sums[0], 0, shape.nope, shape.scale, k.argument(argKeyValueGradient),
                 elementOf(resultOf(op, argKeyValueGradient)), shape.heads * shape.keyValue(), keyColumn, groupRow);
    Value rotary = k.address(k.argument(argWorkspace), k.i64(workspace.rotaryOffset), k.builder.getI8Type());
    storeColumns(sums[0], shape.nope, shape.query(), shape.scale, rotary, k.f32(), shape.heads * shape.rope,
                 t.mul(head, shape.rope), groupRow);
    storeColumns(sums[1], 0, shape.value, 1, k.argument(argKeyValueGradient),
                 elementOf(resultOf(op, argKeyValueGradient)), shape.heads * shape.keyValue(),
                 t.add(keyColumn, shape.nope), groupRow);
  }

  /// The pairs of the queries that a thread's columns belong to, two neighbours at a time: number 4·j + 2·c for the
  /// logarithm of column 8·j + c, and D behind it.
  SmallVector<Value> loadPairs(Value firstQuery) {
    SmallVector<Value> numbers;
    Value start = pairAddress(t.add(firstQuery, t.accumulatorColumn()));
    auto four = VectorType::get({4}, k.f32());
    for (int64_t j = 0; j < tiles.walked / 8; ++j) {
      Value place = k.address(start, k.i64(16 * j), k.f32());
      Value pairs = LLVM::LoadOp::create(k.builder, k.loc, four, place, /*alignment=*/16);
      for (int64_t i = 0; i < 4; ++i)
        numbers.push_back(t.at(pairs, i));
    }
    return numbers;
  }

  SmallVector<Value> emitStep(Value step, Value groupRow, ValueRange carried) {
    Value firstQuery = t.mul(t.add(firstStep, step), tiles.walked);
    SmallVector<Value> pairs = loadPairs(firstQuery);
    t.wait(walkedRing, step);
    auto [scores, slopes] = startScores(groupRow, step);
    scores = t.waitProducts(1, scores).front();
    Value weights = t.pack(emitWeights(scores, firstQuery, pairs));
    Value valueSum = t.product(weights, Value(), walked(valueColumns, step, true), Value(), carried[1]);
    slopes = t.waitProducts(1, slopes).front();
    Value derivatives = t.pack(emitDerivatives(weights, slopes, pairs));
    Value keySum = t.product(derivatives, Value(), walked(queryColumns, step, false), Value(), carried[0]);
    // No registers are left for products that run on into the next step.
    SmallVector<Value> sums = t.waitProducts(0, {keySum, valueSum});
    t.release(walkedRing, step);
    return sums;
  }

  /// P of every number: 0 for queries before the key.
  Value emitWeights(Value scores, Value firstQuery, ArrayRef<Value> pairs) {
    SmallVector<Value> weights;
    Value base = k.f32(shape.scale * M_LOG2E), none = k.f32(0), first = t.add(firstQuery, t.accumulatorColumn());
    // Column 8·j + c sees the keys of a half when it is not less than this.
    Value bound[2] = {t.sub(key[0], first), t.sub(key[1], first)};
    for (int64_t i = 0; i < tiles.walked / 2; ++i) {
      Value hidden = t.less(t.number(i / 4 * 8 + i % 2), bound[i % 4 / 2]);
      Value weight = exp2(k.fma(t.at(scores, i), base, pairs[i / 4 * 4 + i % 2 * 2]));
      weights.push_back(k.select(hidden, none, weight));
    }
    return t.fromNumbers(weights);
  }

  /// dS, from the rounded weights: they take half the registers.
  Value emitDerivatives(Value weights, Value slopes, ArrayRef<Value> pairs) {
    SmallVector<Value> derivatives;
    Value mask = k.i32(int32_t(0xffff0000)), sixteen = k.i32(16);
    for (int64_t i = 0; i < tiles.walked / 2; ++i) {
      Value pair = t.at(weights, i / 2);
      Value bits = i % 2 == 0 ? Value(arith::ShLIOp::create(k.builder, k.loc, pair, sixteen))
                              : Value(arith::AndIOp::create(k.builder, k.loc, pair, mask));
      Value weight = arith::BitcastOp::create(k.builder, k.loc, k.f32(), bits);
      derivatives.push_back(k.mulf(weight, k.subf(t.at(slopes, i), pairs[i / 4 * 4 + i % 2 * 2 + 1])));
    }
    return t.fromNumbers(derivatives);
  }

  Value firstStep, steps, key[2];
};

//===----------------------------------------------------------------------===//
// The pass of the queries
//===----------------------------------------------------------------------===//

class QueryPass : GradientPass {
public:
  QueryPass(AttentionOpInterface op, choices::TensorAttentionAttr choice, GPUStage &stage)
      : GradientPass(GradientPassKind::Queries, op, choice, stage) {}

  void emit() {
    findBlock(/*lastFirst=*/true);
    startRings();
    Value end = t.min(t.add(firstOwned, tiles.owned), t.number(shape.sequence));
    steps = t.ceilDiv(end, tiles.walked);
    t.specialize(
        attentionRegisters(tiles.consumers()), [&] { t.once([&] { produce(); }); },
        [&](Value group) { consume(group); });
  }

private:
  void produce() {
    t.expect(ownedRing, zero, ownedQuery.bytes() + ownedValue.bytes());
    loadQueries(0, firstOwned, t.view(ownedQuery, 0), t.view(ownedValue, memory.ownedValueOffset), ownedRing, zero);
    t.forLoop(zero, steps, one, [&](Value step) {
      t.acquire(walkedRing, step);
      t.expect(walkedRing, step, walkedQuery.bytes() + walkedValue.bytes());
      loadKeys(2, t.mul(step, tiles.walked), walked(walkedQuery, step, false), walked(walkedValue, step, true),
               walkedRing, step);
    });
  }

  void consume(Value group) {
    Value groupRow = t.mul(group, 64);
    Value statistic[2], delta[2];
    for (int64_t half = 0; half < 2; ++half) {
      query[half] = t.add(t.add(firstOwned, groupRow), t.accumulatorRow(half));
      Value pair = k.loadAligned(k.f32(), pairAddress(query[half]), k.i64(0), 2);
      statistic[half] = t.at(pair, 0);
      delta[half] = t.at(pair, 1);
    }
    t.wait(ownedRing, zero);
    Value sum = t.forReduce(zero, steps, one, {t.zeros(shape.query())},
                            [&](Value step, ValueRange carried) -> SmallVector<Value> {
                              return {emitStep(step, groupRow, carried[0], statistic, delta)};
                            })
                    .front();
    sum = t.waitProducts(0, sum).front();
    storeColumns(sum, 0, shape.query(), shape.scale, k.argument(argQueryGradient),
                 elementOf(resultOf(op, argQueryGradient)), shape.heads * shape.query(), queryColumn, groupRow);
  }

  Value emitStep(Value step, Value groupRow, Value sum, ArrayRef<Value> statistic, ArrayRef<Value> delta) {
    t.wait(walkedRing, step);
    auto [scores, slopes] = startScores(groupRow, step);
    // The product of the step before runs until here: its tiles are free.
    scores = t.waitProducts(1, scores).front();
    t.release(walkedRing, t.add(step, -1), 1, t.less(zero, step));
    Value base = k.f32(shape.scale * M_LOG2E), none = k.f32(0), total = none;
    SmallVector<Value> weights, derivatives;
    for (int64_t i = 0; i < tiles.walked / 2; ++i) {
      weights.push_back(exp2(k.fma(t.at(scores, i), base, statistic[i % 4 / 2])));
      total = k.addf(total, weights.back());
    }
    ptx::PinOp::create(k.builder, k.loc, total, stage.shared(memory.pinOffset));
    slopes = t.waitProducts(0, slopes).front();
    Value firstKey = t.add(t.mul(step, tiles.walked), t.accumulatorColumn());
    Value bound[2] = {t.sub(query[0], firstKey), t.sub(query[1], firstKey)};
    for (int64_t i = 0; i < tiles.walked / 2; ++i) {
      int64_t half = i % 4 / 2;
      Value hidden = t.less(bound[half], t.number(i / 4 * 8 + i % 2));
      Value derivative = k.mulf(weights[i], k.subf(t.at(slopes, i), delta[half]));
      derivatives.push_back(k.select(hidden, none, derivative));
    }
    Value packed = t.pack(t.fromNumbers(derivatives));
    return t.product(packed, Value(), walked(queryColumns, step, false), Value(), sum);
  }

  Value steps, query[2];
};

//===----------------------------------------------------------------------===//
// The passes of single numbers
//===----------------------------------------------------------------------===//

constexpr int64_t smallThreads = 256, queriesPerBlock = smallThreads / warpSize;

/// A warp per query, padded ones too, and head: lanes take pairs of channels.
void emitPrepare(AttentionOpInterface op, GPUStage &stage) {
  KernelBuilder &k = stage.k;
  AttentionShape shape = AttentionShape::of(op);
  int64_t padded = GradientWorkspace(shape).paddedSequence, items = shape.batch * padded * shape.heads;
  Value item = k.add(k.mul(stage.block(), queriesPerBlock), stage.warp());
  k.ifThen(k.less(item, k.i64(items)), [&] {
    Value row = k.div(item, shape.heads), head = k.rem(item, shape.heads);
    Value batch = k.div(row, padded), position = k.rem(row, padded);
    Value exists = k.less(position, k.i64(shape.sequence)), known = k.min(position, k.i64(shape.sequence - 1));
    Value channels = k.add(k.mul(k.add(k.mul(batch, shape.sequence), known), shape.heads), head);
    auto load = [&](unsigned argument, Value tensor, Value at) {
      Type element = getElementTypeOrSelf(tensor.getType());
      Value pair = k.loadAligned(element, k.argument(argument), at, 2);
      return element.isF32() ? pair : arith::ExtFOp::create(k.builder, k.loc, k.vectorOf(k.f32()), pair).getResult();
    };
    Value sum = k.f32(0);
    for (int64_t begin = 0; begin < shape.value; begin += 2 * warpSize) {
      Value column = k.add(k.mul(stage.lane(), 2), begin);
      Value at = k.add(k.mul(channels, shape.value), k.min(column, k.i64(shape.value - 2)));
      Value product =
          k.mulf(load(argOutput, op->getOperand(argOutput), at), load(argGradient, op->getOperand(argGradient), at));
      sum = k.addf(sum, k.select(k.less(column, k.i64(shape.value)), k.reduceAdd(product), k.f32(0)));
    }
    sum = stage.warpReduceAdd(sum);
    k.ifThen(k.equal(stage.lane(), k.i64(0)), [&] {
      Value headRow = k.add(k.mul(batch, shape.heads), head);
      Value logarithm = k.load(k.f32(), k.argument(argStatistics), k.add(k.mul(headRow, shape.sequence), known));
      Value place = k.mul(k.add(k.mul(headRow, padded), position), 2);
      Value base = k.select(exists, k.mulf(logarithm, k.f32(-M_LOG2E)), k.f32(-INFINITY));
      k.store(base, k.argument(argWorkspace), place);
      k.store(k.select(exists, sum, k.f32(0)), k.argument(argWorkspace), k.add(place, 1));
    });
  });
}

/// A thread per position and channel of the rotary key.
void emitRotary(AttentionOpInterface op, GPUStage &stage) {
  KernelBuilder &k = stage.k;
  AttentionShape shape = AttentionShape::of(op);
  int64_t items = shape.batch * shape.sequence * shape.rope;
  Value item = k.add(k.mul(stage.block(), smallThreads), stage.thread());
  k.ifThen(k.less(item, k.i64(items)), [&] {
    Value parts =
        k.address(k.argument(argWorkspace), k.i64(GradientWorkspace(shape).rotaryOffset), k.builder.getI8Type());
    Value start = k.add(k.mul(k.div(item, shape.rope), shape.heads * shape.rope), k.rem(item, shape.rope));
    Value sum = k.forReduce(k.i64(0), k.i64(shape.heads), 1, {k.f32(0)}, [&](Value head, ValueRange carried) {
      return SmallVector<Value>{k.addf(carried[0], k.load(k.f32(), parts, k.add(start, k.mul(head, shape.rope))))};
    })[0];
    Type element = cast<RankedTensorType>(resultOf(op, argRotaryGradient).getType()).getElementType();
    if (element.isBF16())
      sum = arith::TruncFOp::create(k.builder, k.loc, element, sum);
    k.store(sum, k.argument(argRotaryGradient), item);
  });
}

class TensorAttentionGradientStrategy : public KernelStrategy {
public:
  TensorAttentionGradientStrategy()
      : KernelStrategy(TargetKind::NVPTX, KernelKind::Attention, "wgmma_two_pass_gradient",
                       arithmetic::SumOrder::TensorCores) {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    AttentionOpInterface op = anatomy.attention();
    if (!op || !op.isGradient())
      return false;
    if (!multipliesBF16(op) || !getElementTypeOrSelf(op->getOperand(argGradient)).isBF16())
      return succeeded(refusals.add(op, "is not for tensor cores: they multiply bf16"));
    if (failed(AttentionShape::requirePlain(op, "by tensor cores", refusals)))
      return false;
    if (hasGradientTiles(AttentionShape::of(op)))
      return true;
    return succeeded(
        refusals.add(op, "is not for tensor cores: its heads are too large, or 16 does not divide a part"));
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    return {proposeTensorGradient(AttentionShape::of(anatomy.attention()), anatomy.kernel(), target)};
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    AttentionOpInterface op = anatomy.attention();
    AttentionShape shape = AttentionShape::of(op);
    auto choice = expectChoice<choices::TensorAttentionGradientAttr>(configuration, emitError);
    if (!choice)
      return failure();
    FailureOr<TensorGradientTiles> keyTiles =
                                       checkGradientTiles(GradientPassKind::Keys, choice.getKeys(), shape, emitError),
                                   queryTiles = checkGradientTiles(GradientPassKind::Queries, choice.getQueries(),
                                                                   shape, emitError);
    if (failed(keyTiles) || failed(queryTiles))
      return failure();
    configuration.workspace = GradientWorkspace(shape).bytes;
    int64_t rows = shape.batch * shape.sequence;
    int64_t pairs = shape.batch * GradientWorkspace(shape).paddedSequence * shape.heads;
    auto addPass = [&](StringRef name, const TensorGradientTiles &tiles) -> StageSpec & {
      int64_t blocks = shape.batch * shape.heads * llvm::divideCeil(shape.sequence, tiles.owned);
      return configuration.addGPUStage(name, blocks, tiles.threads(), GradientMemory(shape, tiles).bytes);
    };
    ptx::Swizzle keys = *commonSwizzle({shape.nope, shape.rope}), values = *commonSwizzle({shape.value});
    auto queryMaps = [&](StageSpec &stage, int64_t extent) {
      stage.maps.push_back(describeChannels(argQuery, op.getQuery().getType(), extent, keys));
      stage.maps.push_back(describeChannels(argGradient, op->getOperand(argGradient).getType(), extent, values));
    };
    auto keyMaps = [&](StageSpec &stage, int64_t extent) {
      stage.maps.push_back(describeChannels(argKeyValue, op.getKeyValue().getType(), extent, keys));
      stage.maps.push_back(describeChannels(argRotary, op.getRotaryKey().getType(), extent, keys));
      stage.maps.push_back(describeChannels(argKeyValue, op.getKeyValue().getType(), extent, values));
    };
    configuration.addGPUStage("prepare", llvm::divideCeil(pairs, queriesPerBlock), smallThreads);
    StageSpec &keyStage = addPass("keys", *keyTiles);
    keyMaps(keyStage, keyTiles->owned);
    queryMaps(keyStage, keyTiles->walked);
    StageSpec &queryStage = addPass("queries", *queryTiles);
    queryMaps(queryStage, queryTiles->owned);
    keyMaps(queryStage, queryTiles->walked);
    configuration.addGPUStage("rotary", llvm::divideCeil(rows * shape.rope, smallThreads), smallThreads);
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    AttentionOpInterface op = anatomy.attention();
    auto choice = configuration.chosen<choices::TensorAttentionGradientAttr>();
    for (unsigned number : {stagePrepare, stageKeys, stageQueries, stageRotary}) {
      GPUStage stage(builder, anatomy.kernel(), configuration, number, target, /*lanes=*/2);
      if (number == stagePrepare)
        emitPrepare(op, stage);
      else if (number == stageKeys)
        KeyPass(op, choice.getKeys(), stage).emit();
      else if (number == stageQueries)
        QueryPass(op, choice.getQueries(), stage).emit();
      else
        emitRotary(op, stage);
    }
    return success();
  }
};

} // namespace

void hadal::registerTensorAttentionGradientStrategy() {
  registerStrategy(std::make_unique<TensorAttentionGradientStrategy>());
}
