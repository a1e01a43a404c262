//===- TensorLatentAttention.cpp - attention on latents on tensor cores -------------------------------------------===//
//
// A block computes a part of a sequence's keys for 64 of its pairs (a query and a head). The producer loads the pairs'
// queries once and keeps a ring of keys filled: it reads the number of a page from the table, and TMA brings 64 of its
// latents with their rotary keys. So a latent is read once for 64 pairs; of 128 heads the two blocks run side by side,
// and the second-level cache has for one what the other has read. A page that is named nowhere is out of the map's
// bounds: TMA fills in zeros.
//
// A tile of keys serves both products: the scores read it along the channels, the weighted sum across them. The two
// consuming warp groups share both. For every step of keys group g computes
//
//   S  = Q Kᵀ for its 32 of the 64 keys;  its rows' largest scores go to shared memory, and so does, by the other
//   group,
//                                         what it found: both have the maxima m' of all 64 keys
//   P  = exp2(c S - c m'), rounded to bf16 into shared memory, where the other half comes beside it
//   O  = O exp2(c m - c m') + P V for its half of the channels, over all 64 keys
//
// with c = scale · log2 e: each product is formed once, and its sums fit the registers of a group (256 channels of V3's
// 512). Two barriers of both groups order a step: behind the maxima, behind the weights. Weights and maxima of the
// step before have been read by then.
//
// Keys that a pair does not see have the weight 0. Latents behind what all pairs see are cleared in shared memory,
// since they may be no numbers. A pair that sees nothing of the part leaves what nobody joins.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/LatentBlocks.h"
#include "codegen/GPU/Frames/TensorKernel.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/Selection/GPU/TensorLatentTiles.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

namespace {

constexpr int64_t keysOfGroup = TensorLatentTiles::keys / TensorLatentTiles::consumers;
constexpr int64_t consumingThreads = TensorLatentTiles::consumers * warpGroupSize;
/// Less than every score, but finite, so that differences are no NaN.
constexpr double lowestScore = -1.0e30;

/// What a consumer carries from step to step: its sums, and maximum and sum of exponentials of its thread's two rows.
struct State {
  Value output, maximum[2], sum[2];

  SmallVector<Value> values() const { return {output, maximum[0], maximum[1], sum[0], sum[1]}; }
  static State of(ValueRange v) { return {v[0], {v[1], v[2]}, {v[3], v[4]}}; }
};

class LatentEmitter {
public:
  LatentEmitter(LatentAttentionOp op, GPUAnchorContext &context, choices::TensorLatentsAttr choice)
      : blocks(op, context, choice.getParts()), shape(blocks.shape), tiles{choice.getStages()}, memory(shape, tiles),
        stage(context.stage), k(stage.k), t(stage), swizzle(TensorLatentTiles::swizzle(shape)),
        groupChannels(shape.rank / tiles.consumers) {
    queryType = t.matrix(tiles.pairs, shape.rank + shape.rope, true, swizzle);
    keyType = t.matrix(tiles.keys, shape.rank + shape.rope, true, swizzle);
    valueType = t.matrix(shape.rank, tiles.keys, false, swizzle);
    panelType = t.matrix(tiles.keys, panelElements(swizzle), true, swizzle);
    weightType = t.matrix(tiles.pairs, tiles.keys, true);
  }

  void emit() {
    zero = t.number(0);
    one = t.number(1);
    blocks.findPart(tiles.pairs);
    blocks.findSeen();
    firstKey = k.truncate(blocks.firstKey);
    keysSeen = k.truncate(k.max(k.sub(blocks.end, blocks.firstKey), k.i64(0)));
    steps = t.ceilDiv(keysSeen, tiles.keys);
    queryRing = t.ring(memory.barrierOffset, 1);
    keyRing = t.ring(memory.barrierOffset + 16, tiles.stages);
    int64_t readers = 4 * tiles.consumers;
    t.start({queryRing, keyRing}, {{1, readers}, {1, readers}}, stage.maps);
    // The producer finds pages, and needs a few registers more than coordinates take.
    Value isSeen = t.less(zero, steps);
    t.specialize(
        std::pair<int64_t, int64_t>(40, 232), [&] { t.once([&] { k.ifThen(isSeen, [&] { produce(); }); }); },
        [&](Value group) { k.ifThen(isSeen, [&] { consume(group); }); });
  }

private:
  //===- Producer ---------------------------------------------------------------------------------------------------//

  void produce() {
    int64_t latentPanels = shape.rank / panelElements(swizzle), rotaryPanels = shape.rope / panelElements(swizzle);
    Value pair = k.truncate(blocks.firstPair), sequence = k.truncate(blocks.sequence);
    t.expect(queryRing, zero, queryType.bytes());
    Value query = t.view(queryType, 0);
    t.load(stage.maps[0], {zero, pair, sequence}, query, queryRing, zero, 0, latentPanels);
    t.load(stage.maps[1], {zero, pair, sequence}, query, queryRing, zero, latentPanels, rotaryPanels);
    Value table = k.address(blocks.context.operand(LatentBlocks::PageTable),
                            k.mul(blocks.sequence, blocks.pages.perSequence), k.i32());
    t.forLoop(zero, steps, one, [&](Value step) {
      Value key = t.add(firstKey, t.mul(step, tiles.keys));
      Value page = k.load(k.i32(), table, t.wide(t.div(key, blocks.pages.length)));
      Value row = t.rem(key, blocks.pages.length);
      t.acquire(keyRing, step);
      t.expect(keyRing, step, keyType.bytes());
      t.load(stage.maps[2], {zero, row, page}, keyTile(step), keyRing, step, 0, latentPanels);
      t.load(stage.maps[3], {zero, row, page}, keyTile(step), keyRing, step, latentPanels, rotaryPanels);
    });
  }

  Value keyTile(Value step) { return t.ringTile(keyRing, step, keyType, memory.keyOffset, memory.keyBytes); }
  Value valueTile(Value step) { return t.ringTile(keyRing, step, valueType, memory.keyOffset, memory.keyBytes); }

  //===- Consumers --------------------------------------------------------------------------------------------------//

  void consume(Value group) {
    this->group = group;
    firstColumn = t.mul(group, groupChannels);
    for (int64_t half = 0; half < 2; ++half) {
      pair[half] = k.add(blocks.firstPair, t.wide(t.accumulatorRow(half)));
      // Counted from the part's first key.
      seen[half] = k.truncate(k.sub(blocks.seenBy(pair[half]), blocks.firstKey));
    }
    t.wait(queryRing, zero);
    Value lowest = k.f32(lowestScore), none = k.f32(0);
    State initial{t.zeros(groupChannels), {lowest, lowest}, {none, none}};
    SmallVector<Value> after =
        t.forReduce(zero, steps, one, initial.values(), [&](Value step, ValueRange carried) -> SmallVector<Value> {
          return emitStep(step, State::of(carried)).values();
        });
    store(State::of(after));
  }

  /// Waits for both groups.
  void join() { ptx::BarrierOp::create(k.builder, k.loc, one, int32_t(consumingThreads)); }

  /// Latents behind the last one that is seen become zeros, before the weighted sum reads them.
  void clearUnseen(Value step) {
    Value left = t.sub(keysSeen, t.mul(step, tiles.keys));
    k.ifThen(t.less(left, t.number(tiles.keys)), [&] {
      tile::ClearRowsOp::create(k.builder, k.loc, valueTile(step), left, t.add(t.thread, -warpGroupSize),
                                int32_t(consumingThreads));
      ptx::FenceProxyAsyncOp::create(k.builder, k.loc);
      join();
    });
  }

  /// Q Kᵀ for the group's keys, a panel of channels after the other. In straight code the descriptors of Q, 72
  /// registers with V3's channels, would be kept from step to step.
  Value startScores(Value step) {
    Value keys = t.add(t.mul(t.rem(step, tiles.stages), memory.keyBytes), memory.keyOffset);
    Value panels = t.number(keyType.panels()), firstKeyOfGroup = t.mul(group, keysOfGroup);
    auto sums = t.forReduce(zero, panels, one, {t.zeros(keysOfGroup)}, [&](Value panel, ValueRange carried) {
      ptx::NoUnrollOp::create(k.builder, k.loc);
      return SmallVector<Value>{
          t.product(panelAt(zero, panel), Value(), panelAt(keys, panel), firstKeyOfGroup, carried.front())};
    });
    return sums.front();
  }

  /// A panel of the queries' or a stage's tile, which begins at so many bytes of the shared memory.
  Value panelAt(Value tile, Value panel) {
    Value place = t.wide(t.add(tile, t.mul(panel, keyType.panelBytes())));
    return tile::ViewOp::create(k.builder, k.loc, panelType, k.address(stage.shared(0), place, k.builder.getI8Type()));
  }

  State emitStep(Value step, const State &state) {
    t.wait(keyRing, step);
    clearUnseen(step);
    Value scores = startScores(step);
    scores = t.waitProducts(0, scores).front();
    State next;
    Value factor[2];
    Value weights = emitSoftmax(scores, step, state, next, factor);
    t.write(t.pack(weights), t.view(weightType, memory.weightOffset), zero, t.mul(group, keysOfGroup));
    ptx::FenceProxyAsyncOp::create(k.builder, k.loc);
    join();
    SmallVector<Value> numbers;
    for (int64_t i = 0; i < groupChannels / 2; ++i)
      numbers.push_back(k.mulf(t.at(state.output, i), factor[i % 4 / 2]));
    Value output = t.product(t.view(weightType, memory.weightOffset), Value(), valueTile(step), firstColumn,
                             t.fromNumbers(numbers));
    next.output = t.waitProducts(0, output).front();
    t.release(keyRing, step);
    return next;
  }

  /// The weights of the group's keys, not rounded yet. Number i of a thread belongs to half (i mod 4) / 2; a row is
  /// spread over four neighbouring lanes, its sum stays in parts until the end.
  Value emitSoftmax(Value scores, Value step, const State &state, State &next, Value *factor) {
    Value firstKeyOfThread = t.add(t.add(t.mul(step, tiles.keys), t.mul(group, keysOfGroup)), t.accumulatorColumn());
    Value base = k.f32(shape.scale * M_LOG2E), lowest = k.f32(lowestScore);
    SmallVector<Value> score(keysOfGroup / 2), weight(keysOfGroup / 2), isSeen(keysOfGroup / 2);
    Value own[2];
    for (int64_t half = 0; half < 2; ++half) {
      Value bound = t.sub(seen[half], firstKeyOfThread), highest = lowest;
      for (int64_t i = 2 * half; i < keysOfGroup / 2; i += i % 2 == 0 ? 1 : 3) {
        isSeen[i] = t.less(t.number(i / 4 * 8 + i % 2), bound);
        score[i] = k.select(isSeen[i], t.at(scores, i), lowest);
        highest = maximumOf(highest, score[i]);
      }
      for (int32_t distance : {1, 2})
        highest = maximumOf(highest, stage.shuffleXor(highest, distance));
      own[half] = highest;
    }
    SmallVector<Value, 2> others = exchange({own[0], own[1]});
    for (int64_t half = 0; half < 2; ++half) {
      Value highest = maximumOf(state.maximum[half], maximumOf(own[half], others[half]));
      Value scaled = k.mulf(highest, base), negative = arith::NegFOp::create(k.builder, k.loc, scaled);
      next.maximum[half] = highest;
      factor[half] = exp2(k.subf(k.mulf(state.maximum[half], base), scaled));
      Value total = k.mulf(state.sum[half], factor[half]);
      for (int64_t i = 2 * half; i < keysOfGroup / 2; i += i % 2 == 0 ? 1 : 3) {
        weight[i] = k.select(isSeen[i], exp2(k.fma(score[i], base, negative)), k.f32(0));
        total = k.addf(total, weight[i]);
      }
      next.sum[half] = total;
    }
    return t.fromNumbers(weight);
  }

  Value exp2(Value value) { return ptx::Exp2Op::create(k.builder, k.loc, value); }
  Value maximumOf(Value a, Value b) {
    return arith::MaxNumFOp::create(k.builder, k.loc, a, b, arith::FastMathFlags::nnan);
  }

  /// Where a group leaves a number of one of its thread's rows for the other.
  Value exchangeAt(Value ofGroup, int64_t half) {
    Value place = t.add(t.mul(ofGroup, tiles.pairs), t.accumulatorRow(half));
    return k.address(stage.shared(memory.exchangeOffset), t.wide(place), k.f32());
  }
  /// Numbers of the rows of the thread, which its four lanes share, for those that the other group has of them.
  SmallVector<Value, 2> exchange(ArrayRef<Value> numbers) {
    k.ifThen(k.equal(t.rem(t.lane, 4), zero), [&] {
      for (int64_t half = 0; half < 2; ++half)
        k.store(numbers[half], exchangeAt(group, half));
    });
    join();
    Value other = t.sub(one, group);
    return {k.load(k.f32(), exchangeAt(other, 0)), k.load(k.f32(), exchangeAt(other, 1))};
  }

  void store(const State &state) {
    SmallVector<Value, 2> sums;
    for (Value sum : state.sum) {
      for (int32_t distance : {1, 2})
        sum = k.addf(sum, stage.shuffleXor(sum, distance));
      sums.push_back(sum);
    }
    SmallVector<Value, 2> others = exchange(sums);
    Value isFirstGroup = k.equal(group, zero), isFirstLane = k.equal(t.rem(t.lane, 4), zero);
    for (int64_t half = 0; half < 2; ++half)
      k.ifThen(k.less(pair[half], k.i64(shape.pairs())), [&] {
        Value row = blocks.waitingRow(pair[half]), to = blocks.outputOf(row);
        Value column = t.wide(t.add(firstColumn, t.accumulatorColumn()));
        for (int64_t j = 0; j < groupChannels / 8; ++j) {
          int64_t number = 4 * j + 2 * half;
          Value two = t.fromNumbers({t.at(state.output, number), t.at(state.output, number + 1)});
          k.storeAligned(two, to, k.add(column, k.i64(8 * j)), 2);
        }
        k.ifThen(t.both(isFirstGroup, isFirstLane), [&] {
          Value maximum = k.mulf(state.maximum[half], k.f32(shape.scale * M_LOG2E));
          blocks.storeStatistics(row, maximum, k.addf(sums[half], others[half]));
        });
      });
  }

  LatentBlocks blocks;
  const LatentShape &shape;
  const TensorLatentTiles tiles;
  const LatentMemory memory;
  GPUStage &stage;
  KernelBuilder &k;
  TensorKernel t;
  const ptx::Swizzle swizzle;
  const int64_t groupChannels;
  tile::MatrixType queryType, keyType, valueType, panelType, weightType;
  Value zero, one, queryRing, keyRing, firstKey, keysSeen, steps;
  /// Of a consumer: its group, the first of its channels, its rows' pairs and how many keys of the part they see.
  Value group, firstColumn, pair[2], seen[2];
};

class TensorLatentAttentionStrategy : public GPUAnchoredStrategy<LatentAttentionOp> {
public:
  TensorLatentAttentionStrategy()
      : GPUAnchoredStrategy(KernelKind::Attention, "wgmma_latent_parts", arithmetic::SumOrder::TensorCores) {}

protected:
  bool servesAnchor(LatentAttentionOp op, Refusals &refusals) const override {
    LatentShape shape = LatentShape::of(op);
    std::string obstacle;
    if (!shape.factorsAreBF16)
      obstacle = "they multiply bf16";
    else if (failed(chooseLatentTiles(shape)) || shape.queryChannels % 8 != 0)
      obstacle = "its latents are wider than 512, or 16 does not divide their halves or the rotary keys";
    else if (op.getLatents().getType().getDimSize(1) % TensorLatentTiles::keys != 0)
      obstacle = "its pages are no multiple of 64 positions";
    return obstacle.empty() || succeeded(refusals.add(op, "is not for tensor cores: " + obstacle));
  }

  SmallVector<Candidate> proposeFor(LatentAttentionOp op, KernelOp, const TargetDescription &target) const override {
    LatentShape shape = LatentShape::of(op);
    auto choice = choices::TensorLatentsAttr::get(op.getContext(), chooseLatentTiles(shape)->stages,
                                                  LatentParts::choose(shape).partsOfRound);
    return {{choice, predictTensorLatents(shape, target)}};
  }

  LogicalResult checkChoice(LatentAttentionOp op, const TargetDescription &, const KernelConfiguration &configuration,
                            EmitError emitError) const override {
    LatentShape shape = LatentShape::of(op);
    auto choice = expectChoice<choices::TensorLatentsAttr>(configuration, emitError);
    if (!choice || failed(checkField(emitError, "stages", choice.getStages(), 2, chooseLatentTiles(shape)->stages)))
      return failure();
    return checkField(emitError, "parts", choice.getParts(), 1, LatentParts::countParts(shape));
  }

  void plan(LatentAttentionOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    LatentShape shape = LatentShape::of(op);
    auto choice = configuration.chosen<choices::TensorLatentsAttr>();
    TensorLatentTiles tiles{choice.getStages()};
    StageSpec &stage =
        LatentParts(shape, choice.getParts())
            .addStages(configuration, shape, tiles.pairs, tiles.threads, LatentMemory(shape, tiles).bytes);
    auto argument = [](Value operand) { return cast<BlockArgument>(operand).getArgNumber(); };
    ptx::Swizzle swizzle = TensorLatentTiles::swizzle(shape);
    Type element = op.getAbsorbed().getType().getElementType();
    stage.maps = {describePairs(argument(op.getAbsorbed()), shape, element, shape.rank, 0, shape.rank),
                  describePairs(argument(op.getQuery()), shape, element, shape.queryChannels,
                                shape.queryChannels - shape.rope, shape.rope),
                  describeChannels(argument(op.getLatents()), op.getLatents().getType(), tiles.keys, swizzle),
                  describeChannels(argument(op.getRotaryKeys()), op.getRotaryKeys().getType(), tiles.keys, swizzle)};
  }

  void emitStage(LatentAttentionOp op, unsigned stage, GPUAnchorContext &context) const override {
    auto choice = context.configuration.chosen<choices::TensorLatentsAttr>();
    if (stage == 0)
      LatentEmitter(op, context, choice).emit();
    else
      LatentBlocks(op, context, choice.getParts()).emitJoin();
  }
};

} // namespace

void hadal::registerTensorLatentAttentionStrategy() {
  registerStrategy(std::make_unique<TensorLatentAttentionStrategy>());
}
