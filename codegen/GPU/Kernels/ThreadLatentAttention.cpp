//===- ThreadLatentAttention.cpp - attention on latents by plain threads of a GPU ---------------------------------===//
//
// A block of threads computes a part of a sequence's keys for a tile of its pairs (a query and a head): it walks over
// the part in blocks of keys as attention by threads does over a head's keys (codegen/GPU/Frames/ThreadSoftmax.h). A
// key is a latent with its rotary key, and a value the latent again, so all heads of a tile share what is read of a
// page: of 64 heads with one query each one block reads it, of 128 two, neighbours in time. What the part leaves waits
// until the second stage joins it with the others (codegen/GPU/Frames/LatentBlocks.h).
//
// The kernel follows the table of pages: for a block of keys at a time where pages are whole numbers of them, for every
// key where they are not. A page that is named nowhere holds zeros. Blocks of keys that all pairs see need no
// questions.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/LatentBlocks.h"
#include "codegen/GPU/Frames/ThreadSoftmax.h"
#include "codegen/GPU/GPUStrategies.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

class LatentEmitter : ThreadSoftmax {
public:
  LatentEmitter(LatentAttentionOp op, GPUAnchorContext &context, choices::ThreadLatentsAttr choice)
      : ThreadSoftmax(context.stage, op->getParentOfType<KernelOp>(), partAsAttention(LatentShape::of(op)),
                      ThreadAttentionTiles::of(choice.getTiles())),
        blocks(op, context, choice.getParts()), latent(blocks.shape) {}

  void emit() {
    blocks.findPart(tiles.owned);
    first = blocks.firstPair;
    count = blocks.pairs;
    blocks.findSeen();
    k.ifThen(k.less(blocks.firstKey, blocks.end), [&] {
      ProductOperand queries = keepOwned(pairRows(), shape.query());
      findSeen([&](Value pair) { return blocks.seenBy(pair); });
      Value whole = k.mul(k.div(blocks.wholeEnd, tiles.walked), tiles.walked);
      whole = k.max(whole, blocks.firstKey);
      SmallVector<Value> carried = emitBlocks(queries, blocks.firstKey, whole, startWalk(), /*asks=*/false);
      storePart(emitBlocks(queries, whole, blocks.end, carried, /*asks=*/true));
    });
  }

private:
  SmallVector<Value> emitBlocks(const ProductOperand &queries, Value begin, Value end, ValueRange carried, bool asks) {
    return k.forReduce(begin, end, tiles.walked, carried, [&](Value key, ValueRange carried) {
      ptx::NoUnrollOp::create(k.builder, k.loc);
      Value extent = asks ? k.min(k.i64(tiles.walked), k.sub(end, key)) : Value();
      LatentBlocks::Place start = isPageWhole() ? blocks.placeOf(key) : LatentBlocks::Place();
      return addKeys(queries, latentRows(key, start, extent), latentColumns(key, start), key, extent, carried, asks);
    });
  }

  /// Whether a block of keys lies in one page.
  bool isPageWhole() const { return blocks.pages.length % tiles.walked == 0; }
  /// Where a key lies that is number `index` of the block of keys from `key` on, which begins at `start` if it is
  /// whole.
  LatentBlocks::Place placeOf(Value key, const LatentBlocks::Place &start, Value index) {
    if (!start.row)
      return blocks.placeOf(k.add(key, index));
    return {k.add(start.row, index), start.exists};
  }

  int64_t vectorOf(std::initializer_list<int64_t> numbers) {
    return commonLanes(threadVector, numbers) == threadVector ? threadVector : 1;
  }
  TypedPointer numbers(LatentBlocks::Operand operand) { return blocks.context.numbers(operand); }
  Type elementOf(const TypedPointer &pointer) { return pointer.element ? pointer.element : k.f32(); }

  /// A row that lies in two tensors: the channels of a latent, and those of a rotary key, which begin `rank` channels
  /// before they do, so that both parts are indexed by the channel.
  TileSource rowsOfParts(const TypedPointer &latents, const TypedPointer &rotary, int64_t vector, Value extent,
                         std::function<SmallVector<Value>(Value position)> starts) {
    Type element = elementOf(latents);
    TileSource source{element, true, vector, extent, {}, {}, 0.0};
    source.prepare = [=, this](Value position) -> SmallVector<Value> {
      SmallVector<Value> found = starts(position);
      found[0] = k.address(latents.pointer, found[0], element);
      found[1] = k.address(rotary.pointer, k.sub(found[1], k.i64(latent.rank)), element);
      return found;
    };
    source.address = [=, this](ValueRange prepared, Value depth) {
      Value isLatent = k.less(depth, k.i64(latent.rank));
      return k.address(k.select(isLatent, prepared[0], prepared[1]), depth, element);
    };
    return source;
  }

  /// The queries of the tile, each in both of its parts.
  TileSource pairRows() {
    Value extent = latent.pairs() % tiles.owned == 0 ? Value() : count;
    return rowsOfParts(numbers(LatentBlocks::Absorbed), numbers(LatentBlocks::Query),
                       vectorOf({latent.rank, latent.rope, latent.queryChannels}), extent,
                       [this](Value position) -> SmallVector<Value> {
                         Value row = blocks.resultRow(k.add(first, position));
                         Value rotary = k.add(k.mul(row, latent.queryChannels), latent.queryChannels - latent.rope);
                         return {k.mul(row, latent.rank), rotary};
                       });
  }

  TileSource latentRows(Value key, LatentBlocks::Place start, Value extent) {
    TileSource source =
        rowsOfParts(numbers(LatentBlocks::Latents), numbers(LatentBlocks::RotaryKeys),
                    vectorOf({latent.rank, latent.rope}), extent, [=, this](Value position) -> SmallVector<Value> {
                      LatentBlocks::Place place = placeOf(key, start, position);
                      return {k.mul(place.row, latent.rank), k.mul(place.row, latent.rope), place.exists};
                    });
    source.exists = [](ValueRange prepared, Value) { return prepared[2]; };
    return source;
  }

  /// The latents of a block of keys as values: its keys are the depth.
  TileSource latentColumns(Value key, LatentBlocks::Place start) {
    TypedPointer latents = numbers(LatentBlocks::Latents);
    Type element = elementOf(latents);
    TileSource source{element, false, vectorOf({latent.rank}), k.i64(latent.rank), {}, {}, 0.0};
    source.prepare = [=, this](Value channel) -> SmallVector<Value> {
      return {k.address(latents.pointer, channel, element)};
    };
    source.address = [=, this](ValueRange prepared, Value index) {
      return k.address(prepared[0], k.mul(placeOf(key, start, index).row, latent.rank), element);
    };
    source.exists = [=, this](ValueRange, Value index) { return placeOf(key, start, index).exists; };
    return source;
  }

  void storePart(ValueRange carried) {
    SmallVector<Value> outputs = outputsOf(carried);
    bool aligned = latent.rank % threadVector == 0;
    for (int64_t i = 0; i < threadVector; ++i) {
      Value sum = sumOf(carried, i), position = ownedPosition(i);
      k.ifThen(k.less(position, count), [&] {
        Value row = blocks.waitingRow(k.add(first, position));
        storeRow(share, outputs, i, 0, latent.rank, blocks.outputOf(row), k.f32(), aligned);
        k.ifThen(k.equal(grid.column, k.i64(0)), [&] { blocks.storeStatistics(row, maximumOf(carried, i), sum); });
      });
    }
  }

  LatentBlocks blocks;
  const LatentShape &latent;
};

class ThreadLatentAttentionStrategy : public GPUAnchoredStrategy<LatentAttentionOp> {
public:
  ThreadLatentAttentionStrategy() : GPUAnchoredStrategy(KernelKind::Attention, "thread_latent_parts") {}

protected:
  bool servesAnchor(LatentAttentionOp op, Refusals &refusals) const override {
    if (fitsThreadAttention(AttentionWork::forward(partAsAttention(LatentShape::of(op)))))
      return true;
    (void)refusals.add(op, "has latents that are too wide for the registers of a block's threads, which hold 512 "
                           "channels");
    return false;
  }

  SmallVector<Candidate> proposeFor(LatentAttentionOp op, KernelOp, const TargetDescription &target) const override {
    LatentShape shape = LatentShape::of(op);
    LatentParts parts = LatentParts::choose(shape);
    // All parts side by side, each of which walks over its keys only.
    AttentionShape part = partAsAttention(shape);
    part.batch *= LatentParts::countParts(shape);
    part.keys = std::min(parts.keys, shape.positions);
    SmallVector<Candidate> candidates;
    for (ThreadAttentionPlan plan : proposeThreadAttention(part, AttentionWork::forward(part), target)) {
      plan.time += parts.predictWaiting(target);
      candidates.push_back(
          {choices::ThreadLatentsAttr::get(op.getContext(), plan.tiles.toChoice(op.getContext()), parts.partsOfRound),
           plan.time});
    }
    return candidates;
  }

  LogicalResult checkChoice(LatentAttentionOp op, const TargetDescription &target,
                            const KernelConfiguration &configuration, EmitError emitError) const override {
    LatentShape shape = LatentShape::of(op);
    auto choice = expectChoice<choices::ThreadLatentsAttr>(configuration, emitError);
    if (!choice)
      return failure();
    AttentionWork work = AttentionWork::forward(partAsAttention(shape));
    if (failed(checkThreadAttention(choice.getTiles(), work, target, emitError)))
      return failure();
    return checkField(emitError, "parts", choice.getParts(), 1, LatentParts::countParts(shape));
  }

  void plan(LatentAttentionOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    LatentShape shape = LatentShape::of(op);
    auto choice = configuration.chosen<choices::ThreadLatentsAttr>();
    ThreadAttentionTiles tiles = ThreadAttentionTiles::of(choice.getTiles());
    LatentParts(shape, choice.getParts())
        .addStages(configuration, shape, tiles.owned, tiles.threads(),
                   tiles.sharedBytes(AttentionWork::forward(partAsAttention(shape))));
  }

  void emitStage(LatentAttentionOp op, unsigned stage, GPUAnchorContext &context) const override {
    auto choice = context.configuration.chosen<choices::ThreadLatentsAttr>();
    if (stage == 0)
      LatentEmitter(op, context, choice).emit();
    else
      LatentBlocks(op, context, choice.getParts()).emitJoin();
  }
};

} // namespace

void hadal::registerThreadLatentAttentionStrategy() {
  registerStrategy(std::make_unique<ThreadLatentAttentionStrategy>());
}
