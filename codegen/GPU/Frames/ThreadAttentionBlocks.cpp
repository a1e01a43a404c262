//===- ThreadAttentionBlocks.cpp - what the attention kernels of threads share ------------------------------------===//
//
// Keys have two parts that lie apart in memory, their own channels and the rotary ones that all heads share: a source
// chooses between two addresses, by the depth where the channels are the depth, by the column where they are columns.
//
// Shared memory holds, in this order: the owned block's channels, the tiles of weights, the buffers of the products.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/ThreadAttentionBlocks.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

/// Steps of the owned block's channels that are loaded before the first of them is stored.
constexpr int64_t stepsAtOnce = 4;

ThreadAttentionBlocks::ThreadAttentionBlocks(GPUStage &stage, KernelOp kernel, const AttentionShape &shape,
                                             const AttentionWork &work, const ThreadAttentionTiles &tiles)
    : stage(stage), k(stage.k), kernel(kernel), shape(shape), work(work), tiles(tiles),
      grid(k, stage.thread(), tiles.threadRows(), tiles.threadColumns(), tiles.threadColumns()) {
  stageBuffer = stage.shared(tiles.residentBytes(work) + int64_t(work.outputs.size()) * tiles.weightBytes());
}

static AttentionTensor tensorAt(KernelBuilder &k, unsigned argument, Type type) {
  return {k.argument(argument), cast<RankedTensorType>(type).getElementType()};
}

AttentionTensor ThreadAttentionBlocks::operand(unsigned index) {
  return tensorAt(k, index, kernel.getArgument(index).getType());
}

AttentionTensor ThreadAttentionBlocks::result(unsigned index) {
  return tensorAt(k, kernel.getNumArguments() + index, kernel.getResultTypes()[index]);
}

void ThreadAttentionBlocks::findTask(Owned owned) {
  int64_t length = owned == Owned::Queries ? shape.sequence : shape.keys;
  int64_t allHeads = shape.batch * shape.heads, blocks = llvm::divideCeil(length, tiles.owned);
  Value block = k.div(stage.block(), allHeads);
  if (owned == Owned::Queries)
    block = k.sub(k.i64(blocks - 1), block);
  head = k.rem(stage.block(), allHeads);
  batch = k.div(head, shape.heads);
  headOfSample = k.rem(head, shape.heads);
  first = k.mul(block, tiles.owned);
  count = k.min(k.i64(tiles.owned), k.sub(k.i64(length), first));
}

Value ThreadAttentionBlocks::extentFrom(Value first, int64_t size, int64_t length) {
  if (length % size == 0)
    return {};
  return k.min(k.i64(size), k.sub(k.i64(length), first));
}

Value ThreadAttentionBlocks::headAddress(const AttentionTensor &tensor, Value row, int64_t channels, int64_t channel) {
  Value headRow = k.add(k.mul(row, shape.heads), headOfSample);
  return k.address(tensor.base, k.add(k.mul(headRow, channels), channel), tensor.element);
}

Value ThreadAttentionBlocks::seenBy(Value query) {
  if (shape.isPlain())
    return k.add(query, 1);
  auto load = [&](unsigned operand, Value index) { return k.extend(k.load(k.i32(), k.argument(operand), index)); };
  query = k.min(query, k.i64(shape.sequence - 1));
  Value position = shape.positions ? load(*shape.positions, sampleRow(query)) : query;
  Value end = k.min(k.add(position, 1), k.i64(shape.keys));
  if (shape.keyLengths)
    end = k.min(end, load(*shape.keyLengths, batch));
  return k.max(end, k.i64(0));
}

void ThreadAttentionBlocks::findSeen(function_ref<Value(Value query)> seenBy) {
  for (int64_t i = 0; i < threadVector; ++i)
    seenByOwned[i] = seenBy(ownPosition(i));
}

Value ThreadAttentionBlocks::mostSeen() {
  return k.forReduce(k.i64(0), count, 1, k.i64(0), [&](Value query, ValueRange carried) -> SmallVector<Value> {
    return {k.max(carried[0], seenBy(k.add(first, query)))};
  })[0];
}

Value ThreadAttentionBlocks::seesKey(int64_t i, Value key) {
  return k.less(key, shape.isPlain() ? seenBy(ownPosition(i)) : seenByOwned.lookup(i));
}

Value ThreadAttentionBlocks::isSeenBy(int64_t i, Value query) {
  return shape.isPlain() ? k.less(k.sub(ownPosition(i), k.i64(1)), query) : k.less(ownPosition(i), seenBy(query));
}

/// Vectors stay aligned when every number that an address is made of is a multiple of the vector.
static int64_t vectorLength(std::initializer_list<int64_t> numbers) {
  return llvm::all_of(numbers, [](int64_t number) { return number % threadVector == 0; }) ? threadVector : 1;
}

TileSource ThreadAttentionBlocks::queryRows(const AttentionTensor &query, Value first, Value extent) {
  return matrixSource(k, headAddress(query, sampleRow(first), shape.query(), 0), query.element,
                      k.i64(shape.heads * shape.query()), true, vectorLength({shape.query()}), extent);
}

TileSource ThreadAttentionBlocks::valueRows(const AttentionTensor &keyValue, Value first, Value extent) {
  return matrixSource(k, headAddress(keyValue, keyRow(first), shape.keyValue(), shape.nope), keyValue.element,
                      k.i64(shape.heads * shape.keyValue()), true, vectorLength({shape.nope, shape.value}), extent);
}

TileSource ThreadAttentionBlocks::outputRows(const AttentionTensor &output, Value first, Value extent) {
  return matrixSource(k, headAddress(output, sampleRow(first), shape.value, 0), output.element,
                      k.i64(shape.heads * shape.value), true, vectorLength({shape.value}), extent);
}

TileSource ThreadAttentionBlocks::keyRows(const AttentionTensor &keyValue, const AttentionTensor &rotaryKey,
                                          Value first, Value extent) {
  Type element = keyValue.element;
  TileSource source{element, true, vectorLength({shape.nope, shape.rope, shape.value}), extent, {}, {}, 0.0};
  Value own = headAddress(keyValue, keyRow(first), shape.keyValue(), 0);
  Value rotary = k.address(rotaryKey.base, k.mul(keyRow(first), shape.rope), element);
  source.prepare = [=, this](Value position) -> SmallVector<Value> {
    // The rotary part begins `nope` channels before it does, so that both parts are indexed by the channel.
    Value shifted = k.sub(k.mul(position, shape.rope), k.i64(shape.nope));
    return {k.address(own, k.mul(position, shape.heads * shape.keyValue()), element),
            k.address(rotary, shifted, element)};
  };
  source.address = [=, this](ValueRange prepared, Value depth) {
    Value isOwn = k.less(depth, k.i64(shape.nope));
    return k.address(k.select(isOwn, prepared[0], prepared[1]), depth, element);
  };
  return source;
}

TileSource ThreadAttentionBlocks::queryColumns(const AttentionTensor &query, Value first) {
  return matrixSource(k, headAddress(query, sampleRow(first), shape.query(), 0), query.element,
                      k.i64(shape.heads * shape.query()), false, vectorLength({shape.query()}), k.i64(shape.query()));
}

TileSource ThreadAttentionBlocks::valueColumns(const AttentionTensor &keyValue, Value first) {
  return matrixSource(k, headAddress(keyValue, keyRow(first), shape.keyValue(), shape.nope), keyValue.element,
                      k.i64(shape.heads * shape.keyValue()), false, vectorLength({shape.nope, shape.value}),
                      k.i64(shape.value));
}

TileSource ThreadAttentionBlocks::outputColumns(const AttentionTensor &output, Value first) {
  return matrixSource(k, headAddress(output, sampleRow(first), shape.value, 0), output.element,
                      k.i64(shape.heads * shape.value), false, vectorLength({shape.value}), k.i64(shape.value));
}

TileSource ThreadAttentionBlocks::keyColumns(const AttentionTensor &keyValue, const AttentionTensor &rotaryKey,
                                             Value first) {
  Type element = keyValue.element;
  TileSource source{element, false, vectorLength({shape.nope, shape.rope, shape.value}), k.i64(shape.query()), {},
                    {},      0.0};
  Value own = headAddress(keyValue, keyRow(first), shape.keyValue(), 0);
  Value rotary = k.address(rotaryKey.base, k.mul(keyRow(first), shape.rope), element);
  source.prepare = [=, this](Value channel) -> SmallVector<Value> {
    Value isOwn = k.less(channel, k.i64(shape.nope));
    Value ofRotary = k.sub(channel, k.i64(shape.nope));
    return {k.select(isOwn, k.address(own, channel, element), k.address(rotary, ofRotary, element)),
            k.select(isOwn, k.i64(shape.heads * shape.keyValue()), k.i64(shape.rope))};
  };
  source.address = [=, this](ValueRange prepared, Value position) {
    return k.address(prepared[0], k.mul(position, prepared[1]), element);
  };
  return source;
}

ProductOperand ThreadAttentionBlocks::keepOwned(const TileSource &source, int64_t depth) {
  if (!tiles.resident)
    return source;
  int64_t steps = llvm::divideCeil(depth, attentionDepthStep), stride = sharedStride(tiles.owned);
  SharedTile tile{stage.shared(residentUsed), stride};
  residentUsed += 4 * steps * attentionDepthStep * stride;
  TileLoader loader(k, source, stage.thread(), stage.threads(), tiles.owned, attentionDepthStep);
  for (int64_t begin = 0; begin < steps; begin += stepsAtOnce) {
    int64_t end = std::min(steps, begin + stepsAtOnce);
    SmallVector<SmallVector<Value>> values;
    for (int64_t step = begin; step < end; ++step)
      values.push_back(loader.load(k.i64(step * attentionDepthStep), {depth}));
    for (int64_t step = begin; step < end; ++step) {
      Value base = elementAddress(k, tile.base, k.i64(step * attentionDepthStep * stride), k.f32());
      loader.store(values[step - begin], {base, stride});
    }
  }
  return tile;
}

ScoreTile ThreadAttentionBlocks::scores(const ProductOperand &owned, const TileSource &walked, int64_t depth) {
  ThreadShare share{threadVector, threadVector};
  SmallVector<Value> sums = emitThreadProduct(grid, share, attentionDepthStep, owned, walked, {depth}, stageBuffer,
                                              zeroAccumulators(k, share));
  ScoreTile tile;
  for (Value row : sums) {
    tile.emplace_back();
    for (int64_t j = 0; j < threadVector; ++j)
      tile.back().push_back(vector::ExtractOp::create(k.builder, k.loc, row, ArrayRef<int64_t>{j}));
  }
  return tile;
}

SharedTile ThreadAttentionBlocks::storeWeights(const ScoreTile &weights, unsigned index) {
  SharedTile tile{stage.shared(tiles.residentBytes(work) + index * tiles.weightBytes()), sharedStride(tiles.owned)};
  for (int64_t j = 0; j < threadVector; ++j) {
    SmallVector<Value> column;
    for (int64_t i = 0; i < threadVector; ++i)
      column.push_back(weights[i][j]);
    Value vector = vector::FromElementsOp::create(k.builder, k.loc, VectorType::get({threadVector}, k.f32()), column);
    Value offset = k.add(k.mul(walkedPosition(j), tile.stride), grid.firstRow(0));
    storeF32(k, vector, elementAddress(k, tile.base, offset, k.f32()), k.f32());
  }
  return tile;
}

SmallVector<Value> ThreadAttentionBlocks::accumulate(const SharedTile &weights, const TileSource &channels,
                                                     int64_t channelCount, Value walkedExtent, SmallVector<Value> sums,
                                                     const TakesPart &sees) {
  return emitThreadProduct(grid, outputShare(channelCount), attentionDepthStep, weights, channels,
                           {tiles.walked, walkedExtent}, stageBuffer, std::move(sums), sees);
}

void ThreadAttentionBlocks::storeRow(const ThreadShare &share, ArrayRef<Value> sums, int64_t i, int64_t from,
                                     int64_t count, Value row, Type element, bool aligned) {
  for (int64_t piece = 0; piece < share.columns / threadVector; ++piece) {
    Value vector = sums[share.index(i, piece)];
    Value column = k.sub(grid.firstColumn(piece), k.i64(from));
    auto inside = [&](Value column) {
      return arith::AndIOp::create(k.builder, k.loc, k.less(k.i64(-1), column), k.less(column, k.i64(count)));
    };
    if (aligned) {
      k.ifThen(inside(column), [&] { storeF32(k, vector, k.address(row, column, element), element); });
      continue;
    }
    for (int64_t j = 0; j < threadVector; ++j) {
      Value here = k.add(column, j);
      k.ifThen(inside(here), [&] {
        storeF32(k, vector::ExtractOp::create(k.builder, k.loc, vector, ArrayRef<int64_t>{j}),
                 k.address(row, here, element), element);
      });
    }
  }
}
