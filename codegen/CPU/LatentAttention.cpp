//===- LatentAttention.cpp - attention on the latents of a cache on CPUs ------------------------------------------===//
//
// A task of the first stage owns a block of keys of one sequence, and some or all of its heads. It yields, for every
// query of the sequence, what the block contributes to the softmax (codegen/Emit/Softmax.h): its own maximum M, its own
// sum L, its own output O.
//
//   copy the block's latents and rotary keys from their pages, side by side, as f32
//   for each query of the sequence, and the keys of the block that it sees:
//     for each tile of heads:
//       pack the heads' queries, a depth after the other
//       scores = keys · queries: a row of scores for each key, of as many heads as the tile has
//       M, p = exp(scores - M) and L of each head, column by column
//       O = p · latents, read where the scores have read them
//
// A task of the second stage joins the parts of some heads of a query, from left to right, and divides by the sum. A
// block that a sequence does not have costs a comparison; one that it has is read once for all heads of a task.
//
// A key that a query does not see is no part of its products: they are as deep as what it sees, filled up with zeros
// that are written over the keys behind, which are copied again for the next query. So it may be no number. All queries
// of a sequence that see no key of a block leave it out, and a query that sees none at all yields zeros.
//
// Products of queries and a cache of bf16 are added in steps, with p rounded to bf16 for them and for nothing else. The
// copies are f32 then, too: of numbers that bf16 has.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/AttentionBlocks.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/CPU/FlushedCalls.h"
#include "codegen/Emit/CachePages.h"
#include "codegen/Emit/Softmax.h"
#include "codegen/Selection/CPU/LatentTiles.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

constexpr int64_t keyBlock = arithmetic::keyBlock;
/// Heads of a task that joins parts.
constexpr int64_t headsOfJoin = 16;

/// The operands by their number.
enum Operand : unsigned { Absorbed, Query, Latents, RotaryKeys, PageTable, Positions, Lengths };

/// Where parts wait in the workspace, as numbers of f32, and what is joined of them so far. Without an address it only
/// counts.
struct WaitingParts {
  Value outputs, maxima, sums, joinedOutputs, joinedMaxima, joinedSums;

  WaitingParts(ScratchLayout &layout, const LatentShape &shape, const LatentTiles &tiles) {
    int64_t queries = shape.batch * shape.rows, parts = queries * tiles.blocksOfRound;
    outputs = layout.take(parts * shape.heads * tiles.outputStride(shape));
    maxima = layout.take(parts * tiles.statisticsStride(shape));
    sums = layout.take(parts * tiles.statisticsStride(shape));
    joinedOutputs = layout.take(queries * shape.heads * tiles.outputStride(shape));
    joinedMaxima = layout.take(queries * shape.heads);
    joinedSums = layout.take(queries * shape.heads);
  }
};

/// The scratch memory of a task of the first stage.
struct PartScratch {
  Value queries, keys, scores, lanes, output;

  PartScratch(ScratchLayout &layout, const LatentShape &shape, const LatentTiles &tiles) {
    queries = layout.take(tiles.room(shape) * tiles.width());
    keys = layout.take(tiles.keyRoom() * tiles.keyStride(shape));
    // A tile of heads may reach beyond the last one.
    scores = layout.take((tiles.keyRoom() + 1) * tiles.width() + tiles.headRows);
    lanes = layout.take(arithmetic::lanes * tiles.lanes);
    output = layout.take(tiles.headRows * tiles.outputStride(shape));
  }
};

/// What both stages know.
class LatentEmitter {
public:
  LatentEmitter(LatentAttentionOp op, AnchorContext &context)
      : context(context), k(context.k), shape(LatentShape::of(op)), tiles(LatentTiles::of(shape, k.target)),
        pages(op.getLatents().getType(), op.getPages().getType()), workspace(&k, context.workspace()),
        waiting(workspace, shape, tiles) {}

protected:
  /// The keys that a query of a sequence sees, from the first on.
  Value countSeen(Value sequence, Value row) {
    Value position = loadIndex(Positions, k.add(k.mul(sequence, shape.rows), row));
    Value end = k.min(k.add(position, 1), loadIndex(Lengths, sequence));
    return k.max(k.i64(0), k.min(end, k.i64(pages.positions())));
  }
  Value loadIndex(Operand operand, Value index) { return k.extend(k.load(k.i32(), context.operand(operand), index)); }

  /// Where the part of a block, by its number in the round, lies for the heads of a query from one on.
  Value outputOf(Value query, Value head, Value block) {
    Value part = k.add(k.mul(k.add(k.mul(query, shape.heads), head), tiles.blocksOfRound), block);
    return at(k, waiting.outputs, k.mul(part, tiles.outputStride(shape)));
  }
  Value statisticsOf(Value base, Value query, Value head, Value block) {
    Value part = k.add(k.mul(query, tiles.blocksOfRound), block);
    return at(k, base, k.add(k.mul(part, tiles.statisticsStride(shape)), head));
  }

  AnchorContext &context;
  KernelBuilder &k;
  const LatentShape shape;
  const LatentTiles tiles;
  const CachePages pages;
  ScratchLayout workspace;
  WaitingParts waiting;
};

//===----------------------------------------------------------------------===//
// The parts of a softmax
//===----------------------------------------------------------------------===//

class PartEmitter : LatentEmitter {
public:
  PartEmitter(LatentAttentionOp op, AnchorContext &context)
      : LatentEmitter(op, context), layout(&k, k.scratch), scratch(layout, shape, tiles) {}

  void emitTask(Value task) {
    int64_t groups = tiles.groups(shape);
    Value firstHead = k.mul(k.rem(task, groups), tiles.headsOfTask);
    block = k.rem(k.div(task, groups), tiles.blocksOfRound);
    sequence = k.div(task, groups * tiles.blocksOfRound);
    firstKey = k.mul(k.add(k.mul(context.stage.iteration, tiles.blocksOfRound), block), keyBlock);
    Value most = k.forReduce(k.i64(0), k.i64(shape.rows), 1, k.i64(0), [&](Value row, ValueRange carried) {
      return SmallVector<Value>{k.max(carried[0], countSeen(sequence, row))};
    })[0];
    Value count = countInBlock(most);
    k.ifThen(k.less(k.i64(0), count), [&] {
      copyKeys(k.i64(0), count);
      k.forLoop(k.i64(0), k.i64(shape.rows), 1, [&](Value row) {
        Value sees = countInBlock(countSeen(sequence, row));
        k.ifThen(k.less(k.i64(0), sees), [&] { emitQuery(row, sees, count, firstHead); });
      });
    });
  }

private:
  /// How many of the first keys lie in this block; none or less where they end before it.
  Value countInBlock(Value keys) { return k.min(k.i64(keyBlock), k.sub(keys, firstKey)); }

  Value keyAddress(Value key) { return at(k, scratch.keys, k.mul(key, tiles.keyStride(shape))); }

  /// Copies keys [begin, end) of the block, each with zeros behind both of its parts.
  void copyKeys(Value begin, Value end) {
    k.forLoop(begin, end, 1, [&](Value key) {
      Value position = k.add(firstKey, key), to = keyAddress(key);
      Value page = pages.pageOf(k, context.operand(PageTable), sequence, position);
      k.ifThen(
          pages.hasPage(k, page),
          [&] {
            Value row = pages.rowOf(k, page, position);
            copyPart(Latents, row, shape.rank, to, tiles.ropeStart(shape));
            copyPart(RotaryKeys, row, shape.rope, at(k, to, tiles.ropeStart(shape)),
                     tiles.depth(shape) - tiles.ropeStart(shape));
          },
          [&] { clear(to, tiles.depth(shape)); });
    });
  }

  void copyPart(Operand cache, Value row, int64_t channels, Value to, int64_t depth) {
    TypedPointer from = at(k, context.numbers(cache), k.mul(row, channels));
    k.forVectors(0, channels,
                 [&](Value column, Value mask) { k.storeVector(k.loadVector(from, column, mask), to, column); });
    for (int64_t column = int64_t(llvm::alignTo(channels, k.lanes)); column < depth; column += k.lanes)
      k.storeVector(k.splat(0.0), to, k.i64(column));
  }

  void clear(Value to, int64_t count) {
    k.forLoop(k.i64(0), k.i64(count), k.lanes, [&](Value column) { k.storeVector(k.splat(0.0), to, column); });
  }

  void emitQuery(Value row, Value sees, Value count, Value firstHead) {
    Value depth = roundUp(k, sees, tiles.depthMultiple);
    k.forLoop(sees, depth, 1, [&](Value key) { clear(keyAddress(key), tiles.depth(shape)); });
    Value query = k.add(k.mul(sequence, shape.rows), row);
    Value end = k.min(k.i64(shape.heads), k.add(firstHead, tiles.headsOfTask));
    k.forLoop(firstHead, end, tiles.width(), [&](Value head) {
      Value heads = k.min(k.i64(tiles.width()), k.sub(end, head));
      packQueries(query, head, heads);
      multiplyTiles({tiles.keyRows, tiles.headVectors, tiles.keyStride(shape), 1}, tiles.keyRows, 0, scratch.keys,
                    scratch.queries, scratch.scores, ceilDiv(k, sees, tiles.keyRows), k.i64(tiles.depth(shape)));
      for (int64_t v = 0; v < tiles.headVectors; ++v)
        emitSoftmax(query, head, v * k.lanes, heads, sees, depth);
      emitOutput(query, head, heads, depth);
    });
    // Another query may see what was written over.
    if (shape.rows > 1)
      copyKeys(sees, k.min(depth, count));
  }

  void packQueries(Value query, Value head, Value heads) {
    Value row = k.add(k.mul(query, shape.heads), head);
    int64_t panel = tiles.room(shape) * tiles.width();
    auto pack = [&](Operand operand, int64_t stride, int64_t first, int64_t channels, Value to) {
      TypedPointer from = at(k, context.numbers(operand), k.add(k.mul(row, stride), first));
      packTransposed(k, to, from, {k.i64(stride)}, heads, k.i64(channels), tiles.headVectors, panel,
                     tiles.depthMultiple);
    };
    pack(Absorbed, shape.rank, 0, shape.rank, scratch.queries);
    pack(Query, shape.queryChannels, shape.queryChannels - shape.rope, shape.rope,
         at(k, scratch.queries, tiles.ropeStart(shape) * tiles.width()));
  }

  /// A row of register tiles, dense and one after the other: each has its A so many rows, and its B so many columns,
  /// after the one before.
  void multiplyTiles(const MicroKernel &tile, int64_t rowsBetween, int64_t columnsBetween, Value a, Value b, Value c,
                     Value count, Value depth) {
    std::string name = llvm::formatv("hadal.latent_tiles.{0}.{1}.{2}{3}", tile.name(k.lanes), rowsBetween,
                                     columnsBetween, shape.factorsAreBF16 ? ".in_steps" : "");
    SmallVector<Value> arguments{a, b, c, count, depth};
    SmallVector<Type> types = llvm::to_vector(ValueRange(arguments).getTypes());
    auto body = [&, inSteps = shape.factorsAreBF16](KernelBuilder &inner, ValueRange values) {
      LLVM::LLVMFuncOp kernel = inSteps ? getFlushedStepKernel(inner, tile) : getMicroKernel(inner, tile);
      inner.forLoop(inner.i64(0), values[3], 1, [&](Value number) {
        callFunction(inner, kernel,
                     {at(inner, values[0], inner.mul(number, rowsBetween * tile.rowStride)),
                      at(inner, values[1], inner.mul(number, columnsBetween)),
                      at(inner, values[2], inner.mul(number, tile.rows * tile.vectors * inner.lanes)), values[4],
                      inner.i64(0)});
      });
    };
    if (shape.factorsAreBF16)
      callFlushing(k, getFlushedFunction(k, name, types, body), arguments);
    else
      callFunction(k, getSharedFunction(k, name, types, body), arguments);
  }

  /// The softmax of a vector of heads over the keys, which are rows of the scores. Leaves its weights in their place.
  void emitSoftmax(Value query, Value head, int64_t offset, Value heads, Value sees, Value depth) {
    Value scores = at(k, scratch.scores, offset);
    auto placeOf = [&](Value key) { return k.mul(key, tiles.width()); };
    auto scoreOf = [&](Value key) { return k.mulf(k.loadVector(scores, placeOf(key)), k.splat(shape.scale)); };
    Value largest = k.forReduce(k.i64(0), sees, 1, k.splat(lowestLogit), [&](Value key, ValueRange carried) {
      Value score = scoreOf(key);
      return SmallVector<Value>{k.select(k.less(carried[0], score), score, carried[0])};
    })[0];
    // As a sum along a row of keys: key i belongs to lane i mod 16, of each of the heads.
    for (int64_t lane = 0; lane < arithmetic::lanes; ++lane)
      k.storeVector(k.splat(0.0), scratch.lanes, k.i64(lane * k.lanes));
    k.forLoop(k.i64(0), sees, 1, [&](Value key) {
      Value weight = math::ExpOp::create(k.builder, k.loc, k.subf(scoreOf(key), largest));
      Value factor = shape.factorsAreBF16 ? k.widen(k.round(weight, k.builder.getBF16Type())) : weight;
      k.storeVector(factor, scores, placeOf(key));
      Value lane = k.mul(k.rem(key, arithmetic::lanes), k.lanes);
      k.storeVector(k.addf(k.loadVector(scratch.lanes, lane), weight), scratch.lanes, lane);
    });
    k.forLoop(sees, depth, 1, [&](Value key) { k.storeVector(k.splat(0.0), scores, placeOf(key)); });
    SmallVector<Value> lanes;
    for (int64_t lane = 0; lane < arithmetic::lanes; ++lane)
      lanes.push_back(k.loadVector(scratch.lanes, k.i64(lane * k.lanes)));
    for (int64_t half = arithmetic::lanes / 2; half > 0; half /= 2)
      for (int64_t lane = 0; lane < half; ++lane)
        lanes[lane] = k.addf(lanes[lane], lanes[lane + half]);
    Value first = k.add(head, offset), mask = k.maskFor(k.sub(heads, k.i64(offset)));
    k.storeVector(largest, statisticsOf(waiting.maxima, query, first, block), k.i64(0), mask);
    k.storeVector(lanes[0], statisticsOf(waiting.sums, query, first, block), k.i64(0), mask);
  }

  void emitOutput(Value query, Value head, Value heads, Value depth) {
    int64_t channelTiles = tiles.outputStride(shape) / tiles.channelWidth();
    MicroKernel tile{tiles.headRows, tiles.channelVectors, 1, tiles.width(), tiles.keyStride(shape)};
    k.forLoop(k.i64(0), heads, tiles.headRows, [&](Value first) {
      multiplyTiles(tile, 0, tiles.channelWidth(), at(k, scratch.scores, first), scratch.keys, scratch.output,
                    k.i64(channelTiles), depth);
      k.forLoop(k.i64(0), k.min(k.i64(tiles.headRows), k.sub(heads, first)), 1, [&](Value row) {
        Value from = at(k, scratch.output, k.mul(row, tiles.channelWidth()));
        Value to = outputOf(query, k.add(head, k.add(first, row)), block);
        k.forLoop(k.i64(0), k.i64(channelTiles), 1, [&](Value number) {
          Value source = at(k, from, k.mul(number, tiles.headRows * tiles.channelWidth()));
          Value target = at(k, to, k.mul(number, tiles.channelWidth()));
          // Of a zero the sign would tell of keys that were left out.
          for (int64_t v = 0; v < tiles.channelWidth(); v += k.lanes)
            k.storeVector(k.addf(k.loadVector(source, k.i64(v)), k.splat(0.0)), target, k.i64(v));
        });
      });
    });
  }

  ScratchLayout layout;
  PartScratch scratch;
  /// Of the task: the block's number in the round and its first key.
  Value sequence, block, firstKey;
};

//===----------------------------------------------------------------------===//
// Joining them
//===----------------------------------------------------------------------===//

class JoinEmitter : LatentEmitter {
public:
  using LatentEmitter::LatentEmitter;

  static int64_t tasks(const LatentShape &shape) {
    return shape.batch * shape.rows * int64_t(llvm::divideCeil(shape.heads, headsOfJoin));
  }

  void emitTask(Value task) {
    int64_t groups = int64_t(llvm::divideCeil(shape.heads, headsOfJoin));
    Value query = k.div(task, groups), firstHead = k.mul(k.rem(task, groups), headsOfJoin);
    Value seen = countSeen(k.div(query, shape.rows), k.rem(query, shape.rows));
    Value end = k.min(k.i64(shape.heads), k.add(firstHead, headsOfJoin));
    k.forLoop(firstHead, end, 1, [&](Value head) { emitHead(query, head, seen); });
  }

private:
  void emitHead(Value query, Value head, Value seen) {
    Value row = k.add(k.mul(query, shape.heads), head);
    Value joined = at(k, waiting.joinedOutputs, k.mul(row, tiles.outputStride(shape)));
    Value firstBlock = k.mul(context.stage.iteration, tiles.blocksOfRound);
    Value end = k.min(ceilDiv(k, seen, keyBlock), k.add(firstBlock, tiles.blocksOfRound));
    SoftmaxPart sofar = loadJoined(row);
    SmallVector<Value> totals = k.forReduce(
        firstBlock, end, 1, {sofar.maximum, sofar.sum}, [&](Value number, ValueRange carried) -> SmallVector<Value> {
          Value block = k.sub(number, firstBlock);
          auto load = [&](Value base) { return k.load(k.f32(), statisticsOf(base, query, head, block)); };
          auto [part, shares] = joinSoftmax(k, {carried[0], carried[1]}, {load(waiting.maxima), load(waiting.sums)});
          joinOutput(joined, outputOf(query, head, block), number, shares);
          return {part.maximum, part.sum};
        });
    if (tiles.rounds > 1) {
      k.store(totals[0], waiting.joinedMaxima, row);
      k.store(totals[1], waiting.joinedSums, row);
    }
    k.ifThen(k.equal(context.stage.iteration, k.i64(tiles.rounds - 1)),
             [&] { emitResult(row, joined, seen, totals[1]); });
  }

  /// The softmax of the rounds before: that of nothing in the first.
  SoftmaxPart loadJoined(Value row) {
    if (tiles.rounds == 1)
      return {k.f32(lowestLogit), k.f32(0.0)};
    Value isFirst = k.equal(context.stage.iteration, k.i64(0));
    auto load = [&](Value base, double nothing) {
      return k.either(k.f32(), isFirst, [&] { return k.f32(nothing); }, [&] { return k.load(k.f32(), base, row); });
    };
    return {load(waiting.joinedMaxima, lowestLogit), load(waiting.joinedSums, 0.0)};
  }

  /// The output of the first block is still to be written.
  void joinOutput(Value joined, Value part, Value number, const JoinShares &shares) {
    JoinShares ofVectors{k.broadcast(shares.kept), k.broadcast(shares.added)};
    k.ifThen(
        k.less(k.i64(0), number),
        [&] {
          forChannels([&](Value column) {
            Value sum = ofVectors.join(k, k.loadVector(joined, column), k.loadVector(part, column));
            k.storeVector(sum, joined, column);
          });
        },
        [&] { forChannels([&](Value column) { k.storeVector(k.loadVector(part, column), joined, column); }); });
  }

  void forChannels(function_ref<void(Value column)> body) {
    k.forLoop(k.i64(0), k.i64(tiles.outputStride(shape)), k.lanes, body);
  }

  void emitResult(Value row, Value joined, Value seen, Value sum) {
    Value isSeeing = k.less(k.i64(0), seen), inverse = k.broadcast(k.divf(k.f32(1.0), sum));
    Value first = k.mul(row, shape.rank);
    k.forVectors(0, shape.rank, [&](Value column, Value mask) {
      Value share = k.mulf(k.loadVector(joined, column), inverse);
      context.store(0, k.select(isSeeing, share, k.splat(0.0)), k.add(first, column), mask);
    });
  }
};

class LatentAttentionStrategy : public AnchoredStrategy<LatentAttentionOp> {
public:
  LatentAttentionStrategy() : AnchoredStrategy(KernelKind::Attention, "latent_key_blocks") {}

protected:
  /// With as many keys as there is room for: how many a run has is not known.
  PredictedTime predict(LatentAttentionOp op, KernelOp kernel, const TargetDescription &target,
                        int64_t launches) const override {
    LatentShape shape = LatentShape::of(op);
    double memory = shape.bytes() / (target.memoryBandwidth * double(modelledCores));
    PredictedTime time = predictMultiplyAdds(op.countMultiplyAdds(shape.positions), kernel, target, launches);
    return PredictedTime::overlapped(time.compute, memory, time.overhead);
  }
  void plan(LatentAttentionOp op, const TargetDescription &target, KernelConfiguration &configuration) const override {
    LatentShape shape = LatentShape::of(op);
    LatentTiles tiles = LatentTiles::of(shape, target);
    configuration.addStage("parts", shape.batch * tiles.blocksOfRound * tiles.groups(shape), /*grain=*/1,
                           /*withStep=*/false);
    configuration.addStage("join", JoinEmitter::tasks(shape), /*grain=*/1, /*withStep=*/false);
    for (int64_t round = 0; round < tiles.rounds; ++round)
      for (unsigned stage : {0u, 1u})
        configuration.steps.push_back({stage, round});
    ScratchLayout scratch, workspace;
    PartScratch(scratch, shape, tiles);
    WaitingParts(workspace, shape, tiles);
    configuration.scratch = scratch.elements() * 4;
    configuration.workspace = workspace.elements() * 4;
  }
  void emitStage(LatentAttentionOp op, unsigned stage, AnchorContext &context) const override {
    if (stage == 0) {
      PartEmitter emitter(op, context);
      context.stage.forTasks([&](Value task) { emitter.emitTask(task); });
    } else {
      JoinEmitter emitter(op, context);
      context.stage.forTasks([&](Value task) { emitter.emitTask(task); });
    }
  }
};

} // namespace

void hadal::registerLatentAttentionStrategy() { registerStrategy(std::make_unique<LatentAttentionStrategy>()); }
