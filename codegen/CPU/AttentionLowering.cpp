//===- AttentionLowering.cpp - the attention core on CPUs ---------------------------------------------------------===//
//
// A task owns a block of queries of one head and keeps, for each of them, the softmax so far
// (codegen/Emit/Softmax.h): the maximum m of its scores, the sum l of exp(score - m), and the output o = Σ exp(score
// - m) v. Then it walks over the keys in blocks, up to its last query:
//
//   pack the block's keys and values
//   for each register tile of queries:
//     scores of the tile against the block's keys that any of its rows may see
//     for each row: the block's own maximum M; p = exp(scores - M), 0 beyond the row's own position; L = Σ p
//     the block's own output O = p v: one product for the keys that all rows of the tile see, then row by row for the
//     few that only later rows see
//     for each row: (m, l, o) joined with (M, L, O)
//
// A key that a row does not see is not multiplied by a weight of zero but left out, since it may be no number. What a
// row sees are the keys up to its own position, or those that the operation's positions and key lengths say (SeenKeys):
// keys from the first on in any case, so that a row's sums are the same. A row that sees none yields zeros. At the end
// the output is o / l and the logarithm of the softmax's denominator m + log l. Tasks with the most keys come first, so
// that the last ones to finish are short.
//
//===-----------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/CPU/AttentionBlocks.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/Emit/Softmax.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

namespace {

/// The scratch memory of a task.
struct ForwardScratch {
  Value queries, keys, values, scores, weights, output, maxima, sums;
  /// The output of one register tile of queries from one block of keys, and what it and the output so far are
  /// multiplied with.
  Value blockOutput, keptShares, addedShares;

  static int64_t rows(const AttentionTiles &tiles) { return int64_t(llvm::alignTo(tiles.queryBlock, tiles.rows)); }

  ForwardScratch(ScratchLayout &layout, const AttentionShape &shape, const AttentionTiles &tiles) {
    int64_t rows = this->rows(tiles), keyColumns = tiles.padded(tiles.keyBlock);
    queries = layout.take(rows * (tiles.queryRoom(shape) + tiles.lanes));
    keys = layout.take(keyColumns * tiles.queryRoom(shape));
    values = layout.take(tiles.keyBlock * tiles.padded(shape.value));
    scores = layout.take(tiles.rows * keyColumns);
    weights = layout.take(tiles.rows * tiles.scoreStride());
    output = layout.take(rows * tiles.padded(shape.value));
    maxima = layout.take(rows);
    sums = layout.take(rows);
    blockOutput = layout.take(tiles.rows * tiles.width());
    keptShares = layout.take(tiles.rows);
    addedShares = layout.take(tiles.rows);
  }
};

class ForwardEmitter : AttentionBlocks {
public:
  ForwardEmitter(KernelBuilder &k, KernelOp kernel, const AttentionShape &shape, const AttentionTiles &tiles)
      : AttentionBlocks(k, shape, tiles), query(k.typedArgument(kernel, 0)), keyValue(k.typedArgument(kernel, 1)),
        rotaryKey(k.typedArgument(kernel, 2)), result(k.typedArgument(kernel, kernel.getNumArguments())),
        logSumExp(k.argument(kernel.getNumArguments() + 1)), layout(&k), scratch(layout, shape, tiles),
        seenKeys(k, shape, layout, ForwardScratch::rows(tiles)) {}

  void emitTask(Value task) {
    int64_t allHeads = shape.batch * shape.heads, blocks = llvm::divideCeil(shape.sequence, tiles.queryBlock);
    Value block = k.sub(k.i64(blocks - 1), k.div(task, allHeads)), index = k.rem(task, allHeads);
    AttentionHead head{k.div(index, shape.heads), k.rem(index, shape.heads)};
    Value first = k.mul(block, tiles.queryBlock);
    Value count = k.min(k.i64(tiles.queryBlock), k.sub(k.i64(shape.sequence), first));

    seenKeys.moveTo(head.batch, first, count);
    packQueryRows(scratch.queries, query, head, first, count);
    k.forLoop(k.i64(0), roundUp(k, count, tiles.rows), 1, [&](Value row) {
      k.store(k.f32(lowestLogit), scratch.maxima, row);
      k.store(k.f32(0.0), scratch.sums, row);
    });
    Value lastKey = seenKeys.most();
    k.forLoop(k.i64(0), lastKey, tiles.keyBlock, [&](Value key) {
      Value keys = k.min(k.i64(tiles.keyBlock), k.sub(lastKey, key));
      packKeysTransposed(scratch.keys, keyValue, rotaryKey, head, key, keys);
      TypedPointer values = at(k, keyAddress(keyValue, head, key), shape.nope);
      packColumns(k, scratch.values, values, {k.i64(shape.heads * shape.keyValue())}, k.i64(shape.value), keys,
                  tiles.width(), tiles.width(), tiles.keyBlock * tiles.width());
      k.forLoop(k.i64(0), ceilDiv(k, count, tiles.rows), 1, [&](Value panel) {
        // Keys that any row of the tile sees; it may see none of this block.
        Value firstRow = k.mul(panel, tiles.rows);
        Value seen = k.min(keys, k.sub(seenKeys.most(firstRow, tiles.rows), key));
        Value firstRowSees = k.sub(seenKeys.of(firstRow), key);
        k.ifThen(k.less(k.i64(0), seen), [&] { emitPanel(panel, key, firstRowSees, seen); });
      });
    });
    emitResults(head, first, count);
  }

private:
  /// One register tile of queries against the first `seen` keys of the block. Its first row sees `firstRowSees` of
  /// them.
  void emitPanel(Value panel, Value key, Value firstRowSees, Value seen) {
    Value firstRow = k.mul(panel, tiles.rows);
    Value queries = at(k, scratch.queries, k.mul(panel, tiles.rows * queryRowStride()));
    Value keyTiles = ceilDiv(k, seen, tiles.width());
    auto scoreKernel = rowsMicroKernel(queryRowStride());
    k.forLoop(k.i64(0), keyTiles, 1, [&](Value tile) {
      callFunction(k, scoreKernel,
                   {queries, at(k, scratch.keys, k.mul(tile, keyPanelStride())),
                    at(k, scratch.scores, k.mul(tile, tileElements())), k.i64(tiles.queryDepth(shape)), k.i64(0)});
    });
    int64_t valueTiles = tiles.padded(shape.value) / tiles.width();
    Value output = at(k, scratch.output, k.mul(panel, valueTiles * tileElements()));
    // Of the block, a row of the tile sees so many; in the plain form, one more than the row before.
    auto clamp = [&](Value keys) { return k.max(k.i64(0), k.min(seen, keys)); };
    auto seenBy = [&](Value row) {
      return clamp(shape.isPlain() ? k.add(firstRowSees, row) : k.sub(seenKeys.of(k.add(firstRow, row)), key));
    };
    k.forLoop(k.i64(0), k.i64(tiles.rows), 1,
              [&](Value row) { emitRow(k.add(firstRow, row), row, seenBy(row), keyTiles); });
    auto valueKernel = rowsMicroKernel(tiles.scoreStride());
    // What all rows of the tile see, in whole steps of the micro-kernel.
    Value together = shape.isPlain() ? seenBy(k.i64(0)) : clamp(k.sub(seenKeys.least(firstRow, tiles.rows), key));
    together = k.mul(k.div(together, microKernelUnroll), microKernelUnroll);
    k.forLoop(k.i64(0), k.i64(valueTiles), 1, [&](Value tile) {
      Value values = at(k, scratch.values, k.mul(tile, tiles.keyBlock * tiles.width()));
      callFunction(k, valueKernel, {scratch.weights, values, scratch.blockOutput, together, k.i64(0)});
      Value outputTile = at(k, output, k.mul(tile, tileElements()));
      k.forLoop(k.i64(0), k.i64(tiles.rows), 1, [&](Value row) {
        Value sees = seenBy(row);
        k.ifThen(k.less(k.i64(0), sees), [&] { joinOutput(row, together, sees, values, outputTile, key); });
      });
    });
  }

  /// One row of a tile of the output: what the block adds for the keys behind those that all rows see, in the same
  /// chain of sums, and then joined with the output so far.
  void joinOutput(Value row, Value together, Value sees, Value values, Value output, Value key) {
    Value weights = at(k, scratch.weights, k.mul(row, tiles.scoreStride())), inTile = k.mul(row, tiles.width());
    SmallVector<Value> sums;
    for (int64_t v = 0; v < tiles.vectors; ++v)
      sums.push_back(k.loadVector(scratch.blockOutput, k.add(inTile, v * k.lanes)));
    sums = k.forReduce(together, sees, 1, sums, [&](Value index, ValueRange carried) {
      Value weight = k.broadcast(k.load(k.f32(), weights, index)), from = k.mul(index, tiles.width());
      SmallVector<Value> next;
      for (auto [v, sum] : llvm::enumerate(carried))
        next.push_back(k.fma(weight, k.loadVector(values, k.add(from, int64_t(v) * k.lanes)), sum));
      return next;
    });
    auto forTile = [&](function_ref<Value(Value sum, Value place)> join) {
      for (auto [v, sum] : llvm::enumerate(sums)) {
        Value place = k.add(inTile, int64_t(v) * k.lanes);
        k.storeVector(join(sum, place), output, place);
      }
    };
    // The output of the first block is still to be written.
    k.ifThen(
        k.less(k.i64(0), key),
        [&] {
          JoinShares shares{k.broadcast(k.load(k.f32(), scratch.keptShares, row)),
                            k.broadcast(k.load(k.f32(), scratch.addedShares, row))};
          forTile([&](Value sum, Value place) { return shares.join(k, k.loadVector(output, place), sum); });
        },
        [&] { forTile([](Value sum, Value) { return sum; }); });
  }

  /// The softmax of one row over the block, of which `sees` scores count. Leaves its weights, and the shares for
  /// joining its output.
  void emitRow(Value row, Value rowInTile, Value sees, Value keyTiles) {
    Value scores = at(k, scratch.scores, k.mul(rowInTile, tiles.width()));
    Value weights = at(k, scratch.weights, k.mul(rowInTile, tiles.scoreStride()));
    // Visits the row's vectors of scores: body(scaled scores, where to put the weights, lanes that count, carried).
    auto visit = [&](Value initial, function_ref<Value(Value, Value, Value, Value)> body) {
      return k.forReduce(k.i64(0), keyTiles, 1, initial, [&](Value tile, ValueRange carried) -> SmallVector<Value> {
        Value here = at(k, scores, k.mul(tile, tileElements()));
        Value column = k.mul(tile, tiles.width()), accumulated = carried[0];
        for (int64_t v = 0; v < tiles.vectors; ++v) {
          Value offset = k.add(column, v * k.lanes);
          Value score = k.mulf(k.loadVector(here, k.i64(v * k.lanes)), k.splat(shape.scale));
          accumulated = body(score, offset, k.maskFor(k.sub(sees, offset)), accumulated);
        }
        return {accumulated};
      })[0];
    };
    Value largest = visit(k.splat(lowestLogit), [&](Value score, Value, Value counts, Value accumulated) {
      return maximum(k.select(counts, score, k.splat(lowestLogit)), accumulated);
    });
    largest = k.reduceMax(largest);
    Value largestVector = k.broadcast(largest);
    Value sum = visit(k.splat(0.0), [&](Value score, Value offset, Value counts, Value accumulated) {
      Value exponential = math::ExpOp::create(k.builder, k.loc, k.subf(score, largestVector));
      Value weight = k.select(counts, exponential, k.splat(0.0));
      k.storeVector(weight, weights, offset);
      return k.addf(accumulated, weight);
    });
    k.ifThen(k.less(k.i64(0), sees), [&] {
      SoftmaxPart before{k.load(k.f32(), scratch.maxima, row), k.load(k.f32(), scratch.sums, row)};
      auto [joined, shares] = joinSoftmax(k, before, {largest, k.reduceAdd(sum)});
      k.store(joined.maximum, scratch.maxima, row);
      k.store(joined.sum, scratch.sums, row);
      k.store(shares.kept, scratch.keptShares, rowInTile);
      k.store(shares.added, scratch.addedShares, rowInTile);
    });
  }

  /// x86's own maximum: scores that are NaN are not looked for here (the loss is).
  Value maximum(Value a, Value b) { return k.select(k.less(b, a), a, b); }

  void emitResults(const AttentionHead &head, Value first, Value count) {
    int64_t valueTiles = tiles.padded(shape.value) / tiles.width();
    Value logs =
        at(k, logSumExp, k.add(k.mul(k.add(k.mul(head.batch, shape.heads), head.head), shape.sequence), first));
    k.forLoop(k.i64(0), count, 1, [&](Value row) {
      Value sum = k.load(k.f32(), scratch.sums, row);
      Value inverse = k.broadcast(k.divf(k.f32(1.0), sum));
      // In the plain form every query sees a key.
      Value isSeeing = shape.isPlain() ? Value() : k.less(k.i64(0), seenKeys.of(row));
      Value tile = at(k, scratch.output, k.mul(k.div(row, tiles.rows), valueTiles * tileElements()));
      Value output = at(k, tile, k.mul(k.rem(row, tiles.rows), tiles.width()));
      TypedPointer to = headAddress(result, head, k.add(first, row), shape.value);
      k.forVectors(0, shape.value, [&](Value column, Value mask) {
        Value offset = k.add(k.mul(k.div(column, tiles.width()), tileElements()), k.rem(column, tiles.width()));
        Value share = k.mulf(k.loadVector(output, offset), inverse);
        k.storeVector(isSeeing ? k.select(isSeeing, share, k.splat(0.0)) : share, to, column, mask);
      });
      Value logarithm = math::LogOp::create(k.builder, k.loc, sum);
      logarithm = k.addf(k.load(k.f32(), scratch.maxima, row), logarithm);
      k.store(isSeeing ? k.select(isSeeing, logarithm, k.f32(-INFINITY)) : logarithm, logs, row);
    });
  }

  TypedPointer query, keyValue, rotaryKey, result;
  Value logSumExp;
  ScratchLayout layout;
  ForwardScratch scratch;
  SeenKeys seenKeys;
};

class AttentionStrategy : public KernelStrategy {
public:
  AttentionStrategy() : KernelStrategy(TargetKind::CPU, KernelKind::Attention, "online_softmax") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &) const override {
    return anatomy.attention() && !anatomy.attention().isGradient();
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    return {proposeAttention(shape, shape.query() + shape.value, anatomy.kernel(), target)};
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    FailureOr<AttentionTiles> tiles = checkAttentionTiles(configuration, shape, target, emitError);
    if (failed(tiles))
      return failure();
    configuration.addStage("forward",
                           shape.batch * shape.heads * int64_t(llvm::divideCeil(shape.sequence, tiles->queryBlock)));
    ScratchLayout layout;
    ForwardScratch(layout, shape, *tiles);
    SeenKeys::reserve(shape, layout, ForwardScratch::rows(*tiles));
    configuration.scratch = layout.elements() * 4;
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp kernel = anatomy.kernel();
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    AttentionTiles tiles = AttentionTiles::of(configuration.chosen<choices::AttentionTilesAttr>(), shape, target);
    StageFunction stage(builder, kernel, configuration.stages.front(), target);
    ForwardEmitter emitter(stage.k, kernel, shape, tiles);
    stage.forTasks([&](Value task) { emitter.emitTask(task); });
    return success();
  }
};

} // namespace

void hadal::registerAttentionStrategy() { registerStrategy(std::make_unique<AttentionStrategy>()); }
