//===- AttentionGradientLowering.cpp - the gradient of the attention core on CPUs ---------------------------------===//
//
// With p = exp(scale · q k - log_sum_exp), δ_i = Σ output_i · gradient_i and ds = p (gradient v - δ) scale:
//
//   dv = pᵀ gradient      dk = dsᵀ q      dq = ds k
//
// A task owns one head of one sample. For each block of keys it walks over the blocks of queries from the diagonal on,
// computes the scores again, and leaves p and ds of the pair of blocks in scratch, zero where a query does not see a
// key. (With positions and key lengths any block of queries may see any block of keys that is seen at all, so it walks
// over all of them, and keys that nobody sees are not read: their gradients are zero.) Three products read them from
// there: dv and dk add up in scratch while the queries pass, dq adds up in the result while the keys do (the first
// block of keys writes it); a result that is narrower than f32 is rounded once, from sums that wait in scratch. p and
// ds are read in both directions, by register tiles without being packed.
//
// Products of bf16 factors are added in steps, and p and ds rounded to bf16 for them, on register tiles and on AMX
// alike (AttentionFactors.h).
//
// The rotary key is shared by the heads: each head leaves its part in the workspace, and a second stage adds the heads
// in their order.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AttentionBlocks.h"
#include "codegen/CPU/AttentionStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Positions that a task of the second stage adds up.
constexpr int64_t positionsPerTask = 32;

/// Whether sums must not be formed in a type.
bool isNarrow(Type element) { return !element.isF32(); }

/// Sizes that follow from shape and tiles. Channels of queries and keys stand in tiles of their own for each of their
/// two parts, since the parts lie apart in memory.
struct GradientSizes {
  int64_t queryRows, nopeTiles, ropeTiles, valueTiles;

  GradientSizes(const AttentionShape &shape, const AttentionTiles &tiles)
      : queryRows(llvm::alignTo(tiles.depthOf(tiles.queryBlock), tiles.rows)),
        nopeTiles(tiles.padded(shape.nope) / tiles.width()), ropeTiles(tiles.padded(shape.rope) / tiles.width()),
        valueTiles(tiles.padded(shape.value) / tiles.width()) {}
  int64_t channelTiles() const { return nopeTiles + ropeTiles; }
};

/// The scratch memory of a task: factors of products, and their results.
struct GradientScratch {
  Value delta;
  AttentionFactor keys, keyColumns, values, queries, queryColumns, gradients, gradientColumns;
  AttentionFactor weights, scoreGradients, transposed;
  Value keyGradient, valueGradient, tiles, secondTiles;
  /// dq of the whole head, when its result is too narrow to add up in.
  Value queryGradient;

  GradientScratch(ScratchLayout &layout, const AttentionShape &shape, const AttentionTiles &tile,
                  bool holdsQueryGradient) {
    GradientSizes sizes(shape, tile);
    int64_t keyBlock = tile.keyBlock, keyRows = int64_t(llvm::alignTo(keyBlock, tile.rows));
    int64_t channels = sizes.channelTiles() * tile.width(), valueChannels = sizes.valueTiles * tile.width();
    // A tile of transposed rows may reach beyond the last row's end.
    auto left = [&](int64_t rows, int64_t room) {
      return AttentionFactor{layout.take(tile.leftWords(rows, room) + tile.rows), room};
    };
    auto right = [&](int64_t columns, int64_t room) {
      return AttentionFactor{layout.take(tile.rightWords(columns, room)), room};
    };
    delta = layout.take(shape.sequence);
    keys = right(keyBlock, tile.queryRoom(shape));
    keyColumns = right(channels, keyBlock);
    values = right(keyBlock, tile.valueRoom(shape));
    queries = left(sizes.queryRows, tile.queryRoom(shape));
    queryColumns = right(channels, sizes.queryRows);
    gradients = left(sizes.queryRows, tile.valueRoom(shape));
    gradientColumns = right(valueChannels, sizes.queryRows);
    weights = left(sizes.queryRows, keyBlock);
    scoreGradients = left(sizes.queryRows, keyBlock);
    if (tile.inTileRegisters)
      transposed = right(keyBlock, sizes.queryRows);
    keyGradient = layout.take(keyRows * channels);
    valueGradient = layout.take(keyRows * valueChannels);
    tiles = layout.take(tile.rows * std::max(keyBlock, channels));
    secondTiles = layout.take(tile.rows * keyBlock);
    if (holdsQueryGradient)
      queryGradient = layout.take(shape.sequence * shape.query());
  }
};

/// A block of queries or keys: the first and how many.
struct Positions {
  Value first, count;
};

class GradientEmitter : AttentionBlocks {
public:
  GradientEmitter(KernelBuilder &k, KernelOp kernel, const AttentionShape &shape, const AttentionTiles &tiles)
      : AttentionBlocks(k, shape, tiles), sizes(shape, tiles), query(k.typedArgument(kernel, 0)),
        keyValue(k.typedArgument(kernel, 1)), rotaryKey(k.typedArgument(kernel, 2)), output(k.typedArgument(kernel, 3)),
        gradient(k.typedArgument(kernel, 5)), queryGradient(k.typedArgument(kernel, kernel.getNumArguments())),
        keyValueGradient(k.typedArgument(kernel, kernel.getNumArguments() + 1)), logSumExp(k.argument(4)),
        ropePartials(k.argument(kernel.getNumArguments() + 3)), layout(&k),
        scratch(layout, shape, tiles, isNarrow(queryGradient.element)), seenKeys(k, shape, layout, shape.sequence) {}

  void emitTask(Value task) {
    AttentionHead head{k.div(task, shape.heads), k.rem(task, shape.heads)};
    logs = at(k, logSumExp, k.mul(task, shape.sequence));
    partials = at(k, ropePartials, k.mul(task, shape.keys * shape.rope));
    Value end = k.i64(shape.sequence), keyEnd = end;
    seenKeys.moveTo(head.batch, k.i64(0), end);
    emitDelta(head);
    // The first key writes dq, seen or not.
    if (!shape.isPlain())
      keyEnd = k.max(k.i64(1), seenKeys.most());
    k.forLoop(k.i64(0), keyEnd, tiles.keyBlock, [&](Value key) {
      Positions keys{key, k.min(k.i64(tiles.keyBlock), k.sub(keyEnd, key))};
      packKeys(head, keys);
      Value firstBlock = k.i64(0);
      if (shape.isPlain())
        firstBlock = k.mul(k.div(key, tiles.queryBlock), tiles.queryBlock);
      k.forLoop(firstBlock, end, tiles.queryBlock, [&](Value position) {
        Positions queries{position, k.min(k.i64(tiles.queryBlock), k.sub(end, position))};
        packQueries(head, queries);
        emitScores(queries, keys);
        emitQueryGradient(head, queries, keys);
        emitKeyGradients(queries, keys, k.sub(position, firstBlock));
      });
      storeKeyGradients(head, keys);
    });
    if (!shape.isPlain())
      clearKeyGradients(head, keyEnd);
    if (scratch.queryGradient)
      roundQueryGradient(head);
  }

private:
  /// δ of every position of the head.
  void emitDelta(const AttentionHead &head) {
    k.forLoop(k.i64(0), k.i64(shape.sequence), 1, [&](Value position) {
      TypedPointer o = headAddress(output, head, position, shape.value),
                   g = headAddress(gradient, head, position, shape.value);
      SmallVector<Value> sum = k.forVectorsReduce(
          0, shape.value, k.splat(0.0), [&](Value index, Value mask, ValueRange carried) -> SmallVector<Value> {
            return {k.fma(k.loadVector(o, index, mask), k.loadVector(g, index, mask), carried[0])};
          });
      k.store(k.reduceAdd(sum[0]), scratch.delta, position);
    });
  }

  void packKeys(const AttentionHead &head, const Positions &keys) {
    packKeyColumns(scratch.keys.base, keyValue, rotaryKey, head, keys.first, keys.count);
    TypedPointer nope = keyAddress(keyValue, head, keys.first), value = at(k, nope, shape.nope);
    packChannels(scratch.keyColumns, nope, keyStride(), sharedAddress(rotaryKey, head, keys.first), k.i64(shape.rope),
                 keys.count);
    packRight(scratch.values, value, keyStride(), /*depthContiguous=*/true, keys.count, k.i64(shape.value));
  }

  void packQueries(const AttentionHead &head, const Positions &queries) {
    packQueryRows(scratch.queries.base, query, head, queries.first, queries.count);
    TypedPointer nope = headAddress(query, head, queries.first, shape.query());
    packChannels(scratch.queryColumns, nope, queryStride(), at(k, nope, shape.nope), queryStride(), queries.count);
    TypedPointer upstream = headAddress(gradient, head, queries.first, shape.value);
    Value stride = k.i64(shape.heads * shape.value);
    packLeft(scratch.gradients, upstream, stride, queries.count, shape.value);
    packRight(scratch.gradientColumns, upstream, stride, /*depthContiguous=*/false, k.i64(shape.value), queries.count);
    if (!shape.isPlain())
      clearBlindQueries(queries);
  }

  /// Packs the channels of so many positions as columns: nope's tiles, then rope's.
  void packChannels(const AttentionFactor &right, TypedPointer nope, Value nopeStride, TypedPointer rope,
                    Value ropeStride, Value positions) {
    packRight(right, nope, nopeStride, /*depthContiguous=*/false, k.i64(shape.nope), positions);
    AttentionFactor behind{at(k, right.base, tiles.rightWords(sizes.nopeTiles * tiles.width(), right.room)),
                           right.room};
    packRight(behind, rope, ropeStride, /*depthContiguous=*/false, k.i64(shape.rope), positions);
  }

  /// Makes the columns of queries that see no key zero, since they may hold no numbers: sums over queries multiply them
  /// with zero.
  void clearBlindQueries(const Positions &queries) {
    k.forLoop(k.i64(0), queries.count, 1, [&](Value row) {
      k.ifThen(k.equal(seenKeys.of(k.add(queries.first, row)), k.i64(0)), [&] {
        clearDepth(scratch.queryColumns, row, sizes.channelTiles());
        clearDepth(scratch.gradientColumns, row, sizes.valueTiles);
      });
    });
  }

  /// Leaves p and ds of the pair of blocks, zero where a query sees no key and in what the products read beyond the
  /// blocks.
  void emitScores(const Positions &queries, const Positions &keys) {
    Value panels = ceilDiv(k, roundUp(k, queries.count, tiles.depthMultiple()), tiles.rows);
    Value allTiles = ceilDiv(k, roundUp(k, keys.count, tiles.depthMultiple()), tiles.width());
    k.forLoop(k.i64(0), panels, 1, [&](Value panel) {
      Value row = k.mul(panel, tiles.rows);
      Value seen = k.select(k.less(row, queries.count), seenByTile(queries, keys, row), k.i64(0));
      Value seenTiles = ceilDiv(k, seen, tiles.width());
      multiply(fromRow(scratch.queries, row), scratch.keys, scratch.tiles, seenTiles, k.i64(tiles.queryDepth(shape)));
      multiply(fromRow(scratch.gradients, row), scratch.values, scratch.secondTiles, seenTiles,
               k.i64(tiles.depthOf(shape.value)));
      k.forLoop(k.i64(0), seenTiles, 1, [&](Value tile) { emitScoreTile(queries, keys, row, tile); });
      k.forLoop(seenTiles, allTiles, 1, [&](Value tile) {
        k.forLoop(row, k.add(row, tiles.rows), 1, [&](Value r) {
          for (int64_t v = 0; v < tiles.width(); v += k.lanes) {
            Value column = k.add(k.mul(tile, tiles.width()), v);
            storeLeft(k.splat(0.0), scratch.weights, r, column);
            storeLeft(k.splat(0.0), scratch.scoreGradients, r, column);
          }
        });
      });
    });
  }

  /// Of a block, the keys that any row of a tile sees.
  Value seenByTile(const Positions &queries, const Positions &keys, Value row) {
    Value seen = k.sub(seenKeys.most(k.add(queries.first, row), tiles.rows), keys.first);
    return k.max(k.i64(0), k.min(keys.count, seen));
  }

  /// One tile of scores and of gradient · v: p and ds.
  void emitScoreTile(const Positions &queries, const Positions &keys, Value row, Value tile) {
    Value last = k.sub(queries.count, k.i64(1)), column = k.mul(tile, tiles.width());
    k.forLoop(k.i64(0), k.i64(tiles.rows), 1, [&](Value r) {
      Value here = k.add(row, r);
      // Rows beyond the block see nothing; their numbers are those of the last row.
      Value position = k.add(queries.first, k.min(here, last));
      Value sees = k.min(keys.count, k.sub(seenKeys.of(position), keys.first));
      sees = k.select(k.less(last, here), k.i64(0), sees);
      Value logarithm = k.broadcast(k.load(k.f32(), logs, position));
      Value delta = k.broadcast(k.load(k.f32(), scratch.delta, position));
      Value inTile = k.add(k.mul(tile, tileElements()), k.mul(r, tiles.width()));
      for (int64_t v = 0; v < tiles.width(); v += k.lanes) {
        Value from = k.add(inTile, v), to = k.add(column, v);
        Value counts = k.maskFor(k.sub(sees, to));
        Value score = k.mulf(k.loadVector(scratch.tiles, from), k.splat(shape.scale));
        Value weight = math::ExpOp::create(k.builder, k.loc, k.subf(score, logarithm));
        Value difference = k.subf(k.loadVector(scratch.secondTiles, from), delta);
        Value scoreGradient = k.mulf(k.mulf(weight, difference), k.splat(shape.scale));
        storeLeft(k.select(counts, weight, k.splat(0.0)), scratch.weights, here, to);
        storeLeft(k.select(counts, scoreGradient, k.splat(0.0)), scratch.scoreGradients, here, to);
      }
    });
  }

  /// dq += ds k, written by the first block of keys.
  void emitQueryGradient(const AttentionHead &head, const Positions &queries, const Positions &keys) {
    k.forLoop(k.i64(0), ceilDiv(k, queries.count, tiles.rows), 1, [&](Value panel) {
      Value row = k.mul(panel, tiles.rows);
      Value depth = roundUp(k, seenByTile(queries, keys, row), tiles.depthMultiple());
      Value rows = k.min(k.i64(tiles.rows), k.sub(queries.count, row));
      multiply(fromRow(scratch.scoreGradients, row), scratch.keyColumns, scratch.tiles, k.i64(sizes.channelTiles()),
               depth);
      k.forLoop(k.i64(0), rows, 1, [&](Value r) {
        Value to = queryGradientRow(head, k.add(k.add(queries.first, row), r));
        forChannelTiles([&](Value tile, Value channel, int64_t partStart, int64_t partSize) {
          Value inTile = k.add(k.mul(tile, tileElements()), k.mul(r, tiles.width()));
          forTileVectors(channel, partSize, [&](int64_t v, Value mask) {
            // Of a zero the sign would tell of keys that are not seen.
            Value sum = k.addf(k.loadVector(scratch.tiles, k.add(inTile, v)), k.splat(0.0));
            Value offset = k.add(k.add(channel, v), partStart);
            k.ifThen(
                k.equal(keys.first, k.i64(0)), [&] { k.storeVector(sum, to, offset, mask); },
                [&] { k.storeVector(k.addf(k.loadVector(to, offset, mask), sum), to, offset, mask); });
          });
        });
      });
    });
  }

  /// Where dq of a position adds up: in scratch, or in the result itself.
  Value queryGradientRow(const AttentionHead &head, Value position) {
    if (scratch.queryGradient)
      return at(k, scratch.queryGradient, k.mul(position, shape.query()));
    return headAddress(queryGradient, head, position, shape.query()).pointer;
  }

  void roundQueryGradient(const AttentionHead &head) {
    k.forLoop(k.i64(0), k.i64(shape.sequence), 1, [&](Value position) {
      Value from = queryGradientRow(head, position);
      TypedPointer to = headAddress(queryGradient, head, position, shape.query());
      k.forVectors(0, shape.query(), [&](Value column, Value mask) {
        k.storeVector(k.loadVector(from, column, mask), to, column, mask);
      });
    });
  }

  /// Adds pᵀ gradient to dv and dsᵀ q to dk. `accumulate` is 0 for the first block of queries.
  void emitKeyGradients(const Positions &queries, const Positions &keys, Value accumulate) {
    Value end = roundUp(k, queries.count, tiles.depthMultiple());
    auto product = [&](const AttentionFactor &scores, const AttentionFactor &columns, Value result,
                       int64_t columnTiles) {
      AttentionFactor transposed = transpose(scores, scratch.transposed, end, keys.count);
      k.forLoop(k.i64(0), ceilDiv(k, keys.count, tiles.rows), 1, [&](Value keyTile) {
        Value key = k.mul(keyTile, tiles.rows);
        // In the plain form queries before the tile's first key see none of it.
        Value begin = k.i64(0);
        if (shape.isPlain()) {
          begin = k.max(begin, k.sub(k.add(keys.first, key), queries.first));
          begin = k.mul(k.div(begin, tiles.depthMultiple()), tiles.depthMultiple());
        }
        multiplyTransposed(transposed, key, columns, at(k, result, k.mul(keyTile, columnTiles * tileElements())),
                           columnTiles, begin, end, accumulate);
      });
    };
    product(scratch.weights, scratch.gradientColumns, scratch.valueGradient, sizes.valueTiles);
    product(scratch.scoreGradients, scratch.queryColumns, scratch.keyGradient, sizes.channelTiles());
  }

  void storeKeyGradients(const AttentionHead &head, const Positions &keys) {
    k.forLoop(k.i64(0), keys.count, 1, [&](Value key) {
      Value position = k.add(keys.first, key), keyTile = k.div(key, tiles.rows);
      Value inTile = k.mul(k.rem(key, tiles.rows), tiles.width());
      TypedPointer nope = keyAddress(keyValueGradient, head, position);
      Value rope = at(k, partials, k.mul(position, shape.rope));
      auto copy = [&](Value from, int64_t tile, int64_t columnTiles, TypedPointer to, int64_t count) {
        k.forVectors(0, count, [&](Value column, Value mask) {
          Value number = k.add(k.add(k.mul(keyTile, columnTiles), tile), k.div(column, tiles.width()));
          Value offset = k.add(k.add(k.mul(number, tileElements()), inTile), k.rem(column, tiles.width()));
          k.storeVector(k.loadVector(from, offset), to, column, mask);
        });
      };
      copy(scratch.keyGradient, 0, sizes.channelTiles(), nope, shape.nope);
      copy(scratch.keyGradient, sizes.nopeTiles, sizes.channelTiles(), rope, shape.rope);
      copy(scratch.valueGradient, 0, sizes.valueTiles, at(k, nope, shape.nope), shape.value);
    });
  }

  /// Zeros for the keys that no query sees.
  void clearKeyGradients(const AttentionHead &head, Value first) {
    k.forLoop(first, k.i64(shape.keys), 1, [&](Value key) {
      auto clear = [&](TypedPointer to, int64_t count) {
        k.forVectors(0, count, [&](Value column, Value mask) { k.storeVector(k.splat(0.0), to, column, mask); });
      };
      clear(keyAddress(keyValueGradient, head, key), shape.keyValue());
      clear(at(k, partials, k.mul(key, shape.rope)), shape.rope);
    });
  }

  /// body(number of the tile, its first channel within its part, where the part starts, how long it is).
  void forChannelTiles(function_ref<void(Value, Value, int64_t, int64_t)> body) {
    k.forLoop(k.i64(0), k.i64(sizes.nopeTiles), 1,
              [&](Value tile) { body(tile, k.mul(tile, tiles.width()), 0, shape.nope); });
    k.forLoop(k.i64(0), k.i64(sizes.ropeTiles), 1, [&](Value tile) {
      body(k.add(tile, sizes.nopeTiles), k.mul(tile, tiles.width()), shape.nope, shape.rope);
    });
  }

  /// The vectors of a tile that starts at `column` of `count` columns, as far as they lie inside.
  void forTileVectors(Value column, int64_t count, function_ref<void(int64_t, Value)> body) {
    for (int64_t v = 0; v < tiles.width(); v += k.lanes) {
      if (count % tiles.width() == 0) {
        body(v, Value());
        continue;
      }
      Value left = k.sub(k.i64(count), k.add(column, v));
      k.ifThen(k.less(k.i64(0), left), [&] { body(v, count % k.lanes == 0 ? Value() : k.maskFor(left)); });
    }
  }

  GradientSizes sizes;
  TypedPointer query, keyValue, rotaryKey, output, gradient, queryGradient, keyValueGradient;
  Value logSumExp, ropePartials;
  ScratchLayout layout;
  GradientScratch scratch;
  SeenKeys seenKeys;
  // Of the task's head.
  Value logs, partials;
};

/// The second stage: the sum over heads, in their order, of what they left for the rotary key.
void emitRotaryKeyTask(KernelBuilder &k, KernelOp kernel, const AttentionShape &shape, Value task) {
  TypedPointer result = k.typedArgument(kernel, kernel.getNumArguments() + 2);
  Value partials = k.argument(kernel.getNumArguments() + 3);
  Value begin = k.mul(task, positionsPerTask);
  Value end = k.min(k.add(begin, positionsPerTask), k.i64(shape.batch * shape.keys));
  k.forLoop(begin, end, 1, [&](Value row) {
    Value batch = k.div(row, shape.keys), key = k.rem(row, shape.keys);
    k.forVectors(0, shape.rope, [&](Value column, Value mask) {
      SmallVector<Value> sum = k.forReduce(
          k.i64(0), k.i64(shape.heads), 1, k.splat(0.0), [&](Value head, ValueRange carried) -> SmallVector<Value> {
            Value headRow = k.add(k.mul(k.add(k.mul(batch, shape.heads), head), shape.keys), key);
            Value part = k.loadVector(at(k, partials, k.mul(headRow, shape.rope)), column, mask);
            return {k.addf(carried[0], part)};
          });
      k.storeVector(sum[0], at(k, result, k.mul(row, shape.rope)), column, mask);
    });
  });
}

class GradientStrategy : public AttentionStrategy {
public:
  GradientStrategy(StringRef name, ProductUnit unit) : AttentionStrategy(name, /*isGradient=*/true, unit) {}

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp kernel = anatomy.kernel();
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    {
      StageFunction stage(builder, kernel, configuration.stages[0], target);
      GradientEmitter emitter(stage.k, kernel, shape, AttentionTiles::of(configuration.choice, shape, target));
      stage.forTasks([&](Value task) { emitter.emitTask(task); });
    }
    StageFunction stage(builder, kernel, configuration.stages[1], target);
    stage.forTasks([&](Value task) { emitRotaryKeyTask(stage.k, kernel, shape, task); });
    return success();
  }

protected:
  /// Scores again, their gradient, and three products of either with channels. Queries and what comes from above are
  /// packed twice for every pair of blocks, and scores and their gradient transposed.
  AttentionWork workOf(const AttentionShape &shape) const override {
    int64_t products = 3 * shape.query() + 2 * shape.value;
    return {products, 2 * (shape.query() + shape.value + AttentionTiles::keyBlock)};
  }

  void plan(KernelOp kernel, const AttentionShape &shape, const AttentionTiles &tiles,
            KernelConfiguration &configuration) const override {
    int64_t keys = shape.batch * shape.keys;
    configuration.addStage("heads", shape.batch * shape.heads);
    configuration.addStage("rotary_key", llvm::divideCeil(keys, positionsPerTask));
    configuration.workspace = keys * shape.heads * shape.rope * 4;
    ScratchLayout layout;
    GradientScratch(layout, shape, tiles, isNarrow(getElementTypeOrSelf(kernel.getResultTypes().front())));
    SeenKeys::reserve(shape, layout, shape.sequence);
    configuration.scratch = layout.elements() * 4;
  }
};

} // namespace

void hadal::registerAttentionGradientStrategies() {
  registerStrategy(std::make_unique<GradientStrategy>("recomputed_scores", ProductUnit::Registers));
  registerStrategy(std::make_unique<GradientStrategy>("tile_recomputed_scores", ProductUnit::AMX));
}
