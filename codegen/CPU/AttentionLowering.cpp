//===- AttentionLowering.cpp - the attention core on CPUs ---------------------------------------------------------===//
//
// A task owns a block of queries of one head and keeps, for each of them, the softmax so far
// (codegen/Emit/Softmax.h): the maximum m of its scores, the sum l of exp(score - m), and the output o = Σ exp(score
// - m) v. Then it walks over the keys in blocks, up to its last query:
//
//   pack the block's keys and values
//   for each tile of queries:
//     scores of the tile against the block's keys that any of its rows may see
//     for each row: the block's own maximum M; p = exp(scores - M), 0 beyond the row's own position; L = Σ p
//     the block's own output O = p v
//     for each row: (m, l, o) joined with (M, L, O)
//
// A key that a row does not see is left out: it may be no number, and a weight of zero times that is none either. So
// where not all rows see all keys of a block, its values are looked through. They are numbers, as a rule; then weights
// of zero leave the key out of O, to the sign of a zero, which an addition of +0 makes the same. Else rows are
// multiplied one by one. What a row sees are the keys up to its own position, or those that the operation's positions
// and key lengths say (SeenKeys): keys from the first on in any case, so that a row's sums are the same. A row that
// sees none yields zeros. At the end the output is o / l and the logarithm of the softmax's denominator m + log l.
// Tasks with the most keys come first, so that the last ones to finish are short.
//
// A tile is a register tile, or on AMX a square of tiles; products of bf16 factors are added in steps on either, with p
// rounded to bf16 for them and for nothing else.
//
//===-----------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AttentionBlocks.h"
#include "codegen/CPU/AttentionStrategy.h"
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
  /// The output of one tile of queries from one block of keys, and what it and the output so far are multiplied with.
  Value blockOutput, keptShares, addedShares;

  static int64_t rows(const AttentionTiles &tiles) { return int64_t(llvm::alignTo(tiles.queryBlock, tiles.rows)); }

  ForwardScratch(ScratchLayout &layout, const AttentionShape &shape, const AttentionTiles &tiles) {
    int64_t rows = this->rows(tiles), room = tiles.queryRoom(shape), outputs = tiles.padded(shape.value);
    queries = layout.take(tiles.leftWords(rows, room));
    keys = layout.take(tiles.rightWords(tiles.keyBlock, room));
    values = layout.take(tiles.rightWords(shape.value, tiles.keyBlock));
    scores = layout.take(tiles.rows * tiles.padded(tiles.keyBlock));
    weights = layout.take(tiles.leftWords(tiles.rows, tiles.keyBlock));
    output = layout.take(rows * outputs);
    maxima = layout.take(rows);
    sums = layout.take(rows);
    blockOutput = layout.take(tiles.rows * outputs);
    keptShares = layout.take(tiles.rows);
    addedShares = layout.take(tiles.rows);
  }
};

/// What one block of keys is to a task.
struct KeyBlock {
  Value first, count;
  /// The block's values in memory, and whether a weight of zero leaves a key out.
  TypedPointer values;
  Value isLeftOutByZero;
};

/// One tile of queries against a block of keys: its number, the rows that are queries, and the keys of the block that
/// any of them sees.
struct QueryTile {
  Value number, firstRow, rows, seen;
};

class ForwardEmitter : AttentionBlocks {
public:
  ForwardEmitter(KernelBuilder &k, KernelOp kernel, const AttentionShape &shape, const AttentionTiles &tiles)
      : AttentionBlocks(k, shape, tiles), query(k.typedArgument(kernel, 0)), keyValue(k.typedArgument(kernel, 1)),
        rotaryKey(k.typedArgument(kernel, 2)), result(k.typedArgument(kernel, kernel.getNumArguments())),
        logSumExp(k.argument(kernel.getNumArguments() + 1)), layout(&k), scratch(layout, shape, tiles),
        weights{scratch.weights, tiles.keyBlock}, valueTiles(tiles.padded(shape.value) / tiles.width()),
        seenKeys(k, shape, layout, ForwardScratch::rows(tiles)) {}

  void emitTask(Value task) {
    int64_t allHeads = shape.batch * shape.heads, blocks = llvm::divideCeil(shape.sequence, tiles.queryBlock);
    Value block = k.sub(k.i64(blocks - 1), k.div(task, allHeads)), index = k.rem(task, allHeads);
    AttentionHead head{k.div(index, shape.heads), k.rem(index, shape.heads)};
    Value first = k.mul(block, tiles.queryBlock);
    Value count = k.min(k.i64(tiles.queryBlock), k.sub(k.i64(shape.sequence), first));

    seenKeys.moveTo(head.batch, first, count);
    packQueryRows(scratch.queries, query, head, first, count);
    k.forLoop(k.i64(0), count, 1, [&](Value row) {
      k.store(k.f32(lowestLogit), scratch.maxima, row);
      k.store(k.f32(0.0), scratch.sums, row);
    });
    Value lastKey = seenKeys.most();
    k.forLoop(k.i64(0), lastKey, tiles.keyBlock, [&](Value key) {
      KeyBlock keys{key, k.min(k.i64(tiles.keyBlock), k.sub(lastKey, key)), {}, {}};
      packKeyColumns(scratch.keys, keyValue, rotaryKey, head, key, keys.count);
      keys.values = at(k, keyAddress(keyValue, head, key), shape.nope);
      packRight({scratch.values, tiles.keyBlock}, keys.values, keyStride(), /*depthContiguous=*/false,
                k.i64(shape.value), keys.count);
      keys.isLeftOutByZero = emitSearch(keys);
      k.forLoop(k.i64(0), ceilDiv(k, count, tiles.rows), 1, [&](Value number) {
        Value firstRow = k.mul(number, tiles.rows), rows = k.min(k.i64(tiles.rows), k.sub(count, firstRow));
        // It may see none of this block.
        Value seen = k.min(keys.count, k.sub(seenKeys.most(firstRow, tiles.rows), key));
        k.ifThen(k.less(k.i64(0), seen), [&] { emitTile(keys, {number, firstRow, rows, seen}); });
      });
    });
    emitResults(head, first, count);
  }

private:
  /// Whether all queries of the task see all keys of a block, or all its values are finite.
  Value emitSearch(const KeyBlock &keys) {
    Value seeAll = lessOrEqual(k, k.add(keys.first, keys.count), seenKeys.least());
    Value end = k.select(seeAll, k.i64(0), keys.count);
    // Zero times a number is a zero, times anything else NaN.
    Value sum = k.forReduce(k.i64(0), end, 1, k.splat(0.0), [&](Value key, ValueRange carried) {
      TypedPointer row = at(k, keys.values, k.mul(key, keyStride()));
      return k.forVectorsReduce(0, shape.value, carried, [&](Value column, Value mask, ValueRange sums) {
        return SmallVector<Value>{k.fma(k.loadVector(row, column, mask), k.splat(0.0), sums[0])};
      });
    })[0];
    return k.equal(k.reduceAdd(sum), k.f32(0.0));
  }

  void emitTile(const KeyBlock &keys, const QueryTile &queries) {
    Value depth = roundUp(k, queries.seen, tiles.depthMultiple()), keyTiles = ceilDiv(k, depth, tiles.width());
    multiply(fromRow({scratch.queries, queryRoom}, queries.firstRow), {scratch.keys, queryRoom}, scratch.scores,
             keyTiles, k.i64(tiles.queryDepth(shape)));
    auto forRows = [&](function_ref<void(Value row, Value sees)> body) {
      Value firstSees = k.sub(seenKeys.of(queries.firstRow), keys.first);
      k.forLoop(k.i64(0), queries.rows, 1, [&](Value row) {
        // In the plain form, one more than the row before.
        Value sees =
            shape.isPlain() ? k.add(firstSees, row) : k.sub(seenKeys.of(k.add(queries.firstRow, row)), keys.first);
        body(row, k.max(k.i64(0), k.min(queries.seen, sees)));
      });
    };
    forRows([&](Value row, Value sees) { emitRow(k.add(queries.firstRow, row), row, sees, keyTiles); });
    k.ifThen(
        keys.isLeftOutByZero,
        [&] { multiply(weights, {scratch.values, tiles.keyBlock}, scratch.blockOutput, k.i64(valueTiles), depth); },
        [&] {
          forRows([&](Value row, Value sees) {
            Value result = at(k, scratch.blockOutput, k.mul(row, tiles.width()));
            multiplyRow(fromRow(weights, row), keys.values, keyStride(), k.i64(shape.value), sees, result);
          });
        });
    Value output = at(k, scratch.output, k.mul(queries.number, valueTiles * tileElements()));
    forRows(
        [&](Value row, Value sees) { k.ifThen(k.less(k.i64(0), sees), [&] { joinOutput(row, output, keys.first); }); });
  }

  /// Joins one row of the block's output with the output so far.
  void joinOutput(Value row, Value output, Value key) {
    auto forVectors = [&](function_ref<Value(Value sum, Value place)> join) {
      k.forLoop(k.i64(0), k.i64(valueTiles), 1, [&](Value tile) {
        Value inTile = k.add(k.mul(tile, tileElements()), k.mul(row, tiles.width()));
        for (int64_t v = 0; v < tiles.width(); v += k.lanes) {
          Value place = k.add(inTile, v), sum = k.loadVector(scratch.blockOutput, place);
          // Of a zero the sign would tell of keys that were left out.
          k.storeVector(join(k.addf(sum, k.splat(0.0)), place), output, place);
        }
      });
    };
    // The output of the first block is still to be written.
    k.ifThen(
        k.less(k.i64(0), key),
        [&] {
          JoinShares shares{k.broadcast(k.load(k.f32(), scratch.keptShares, row)),
                            k.broadcast(k.load(k.f32(), scratch.addedShares, row))};
          forVectors([&](Value sum, Value place) { return shares.join(k, k.loadVector(output, place), sum); });
        },
        [&] { forVectors([](Value sum, Value) { return sum; }); });
  }

  /// The softmax of one row over the block, of which `sees` scores count. Leaves its weights, and the shares for
  /// joining its output.
  void emitRow(Value row, Value rowInTile, Value sees, Value keyTiles) {
    Value scores = at(k, scratch.scores, k.mul(rowInTile, tiles.width()));
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
      storeLeft(weight, weights, rowInTile, offset);
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
  AttentionFactor weights;
  int64_t valueTiles;
  SeenKeys seenKeys;
};

class ForwardStrategy : public AttentionStrategy {
public:
  ForwardStrategy(StringRef name, ProductUnit unit) : AttentionStrategy(name, /*isGradient=*/false, unit) {}

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp kernel = anatomy.kernel();
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    AttentionTiles tiles = AttentionTiles::of(configuration.choice, shape, target);
    StageFunction stage(builder, kernel, configuration.stages.front(), target);
    ForwardEmitter emitter(stage.k, kernel, shape, tiles);
    stage.forTasks([&](Value task) { emitter.emitTask(task); });
    return success();
  }

protected:
  AttentionWork workOf(const AttentionShape &shape) const override {
    return {shape.query() + shape.value, shape.query() + shape.value};
  }

  void plan(KernelOp, const AttentionShape &shape, const AttentionTiles &tiles,
            KernelConfiguration &configuration) const override {
    configuration.addStage("forward",
                           shape.batch * shape.heads * int64_t(llvm::divideCeil(shape.sequence, tiles.queryBlock)));
    ScratchLayout layout;
    ForwardScratch(layout, shape, tiles);
    SeenKeys::reserve(shape, layout, ForwardScratch::rows(tiles));
    configuration.scratch = layout.elements() * 4;
  }
};

} // namespace

void hadal::registerAttentionStrategies() {
  registerStrategy(std::make_unique<ForwardStrategy>("online_softmax", ProductUnit::Registers));
  registerStrategy(std::make_unique<ForwardStrategy>("tile_online_softmax", ProductUnit::AMX));
}
