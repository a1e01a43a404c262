//===- LatentBlocks.cpp - what the kernels of attention on latents share ------------------------------------------===//
//
// See the header. A part that no pair of a tile sees is not computed, and nobody joins it: a pair is joined from its
// first part to the last one that it sees a key of.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/LatentBlocks.h"
#include "codegen/Emit/Softmax.h"

using namespace mlir;
using namespace hadal;

LatentBlocks::LatentBlocks(LatentAttentionOp op, GPUAnchorContext &context, int64_t partsOfRound)
    : context(context), stage(context.stage), k(context.k), shape(LatentShape::of(op)), parts(shape, partsOfRound),
      pages(op.getLatents().getType(), op.getPages().getType()), workspace(context.workspace()) {}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

void LatentBlocks::findPart(int64_t pairsOfBlock) {
  int64_t tiles = parts.tiles(shape, pairsOfBlock);
  Value block = stage.block(), part = k.div(block, tiles);
  firstPair = k.mul(k.rem(block, tiles), pairsOfBlock);
  pairs = k.min(k.i64(pairsOfBlock), k.sub(k.i64(shape.pairs()), firstPair));
  sequence = k.rem(part, shape.batch);
  number = k.div(part, shape.batch);
  firstKey = k.mul(k.add(k.mul(stage.iteration, parts.partsOfRound), number), parts.keys);
}

Value LatentBlocks::seenByQuery(Value query) {
  Value seen = k.min(k.add(loadIndex(Positions, query), 1), loadIndex(Lengths, k.div(query, shape.rows)));
  return k.max(k.i64(0), k.min(seen, k.i64(pages.positions())));
}

Value LatentBlocks::seenBy(Value pair) {
  Value row = k.div(k.min(pair, k.i64(shape.pairs() - 1)), shape.heads);
  return seenByQuery(k.add(k.mul(sequence, shape.rows), row));
}

void LatentBlocks::findSeen() {
  Value firstRow = k.div(firstPair, shape.heads),
        lastRow = k.div(k.sub(k.add(firstPair, pairs), k.i64(1)), shape.heads);
  Value firstQuery = k.mul(sequence, shape.rows), partEnd = k.add(firstKey, parts.keys);
  Value seenFirst = seenByQuery(k.add(firstQuery, firstRow));
  SmallVector<Value> seen =
      k.forReduce(k.add(firstRow, 1), k.add(lastRow, 1), 1, {seenFirst, seenFirst}, [&](Value row, ValueRange carried) {
        Value one = seenByQuery(k.add(firstQuery, row));
        return SmallVector<Value>{k.max(carried[0], one), k.min(carried[1], one)};
      });
  end = k.min(partEnd, seen[0]);
  wholeEnd = k.min(end, seen[1]);
}

LatentBlocks::Place LatentBlocks::placeOf(Value position) {
  Value page = pages.pageOf(k, context.operand(PageTable), sequence, position), exists = pages.hasPage(k, page);
  return {pages.rowOf(k, k.select(exists, page, k.i64(0)), position), exists};
}

void LatentBlocks::storeStatistics(Value waitingRow, Value maximum, Value sum) {
  Value statistics = workspaceAt(parts.statistics()), place = k.mul(waitingRow, 2);
  k.store(maximum, statistics, place);
  k.store(sum, statistics, k.add(place, 1));
}

//===----------------------------------------------------------------------===//
// Joining
//===----------------------------------------------------------------------===//

/// Maximum, sum and output of the rounds before: of nothing in the first.
SmallVector<Value> LatentBlocks::loadJoined(Value row, Value column) {
  Value nothing[] = {k.f32(lowestLogit), k.f32(0.0), k.splat(0.0)};
  if (parts.rounds == 1)
    return SmallVector<Value>(std::begin(nothing), std::end(nothing));
  Value isFirst = k.equal(stage.iteration, k.i64(0)), statistics = workspaceAt(parts.joinedStatistics());
  Value place = joinedPlace(row, k.add(stage.iteration, 1)), output = k.add(k.mul(row, shape.rank), column);
  auto either = [&](Value otherwise, function_ref<Value()> load) {
    return k.either(otherwise.getType(), isFirst, [&] { return otherwise; }, load);
  };
  return {either(nothing[0], [&] { return k.load(k.f32(), statistics, place); }),
          either(nothing[1], [&] { return k.load(k.f32(), statistics, k.add(place, 1)); }),
          either(nothing[2], [&] { return k.loadAligned(k.f32(), workspaceAt(parts.joined()), output, k.lanes); })};
}

SmallVector<Value> LatentBlocks::joinParts(Value row, Value column, Value seen) {
  Value firstPart = k.mul(stage.iteration, parts.partsOfRound);
  Value partsSeen = k.div(k.add(seen, parts.keys - 1), parts.keys);
  Value last = k.min(k.sub(partsSeen, firstPart), k.i64(parts.partsOfRound));
  Value statistics = workspaceAt(parts.statistics());
  return k.forReduce(k.i64(0), last, 1, loadJoined(row, column), [&](Value part, ValueRange carried) {
    Value waiting = k.add(k.mul(part, parts.results), row), place = k.mul(waiting, 2);
    SoftmaxPart next{k.load(k.f32(), statistics, place), k.load(k.f32(), statistics, k.add(place, 1))};
    auto exp2 = [&](Value exponent) -> Value { return ptx::Exp2Op::create(k.builder, k.loc, exponent); };
    auto [joined, shares] = joinSoftmax(k, {carried[0], carried[1]}, next, exp2);
    Value output = k.loadAligned(k.f32(), outputOf(waiting), column, k.lanes);
    JoinShares ofVectors{k.broadcast(shares.kept), k.broadcast(shares.added)};
    return SmallVector<Value>{joined.maximum, joined.sum, ofVectors.join(k, carried[2], output)};
  });
}

void LatentBlocks::emitJoin() {
  int64_t lanes = k.lanes = LatentParts::lanesOfJoin(shape), vectors = shape.rank / lanes;
  Value item = k.add(k.mul(stage.block(), LatentParts::threadsOfJoin), stage.thread());
  k.ifThen(k.less(item, k.i64(parts.results * vectors)), [&] {
    Value row = k.div(item, vectors), column = k.mul(k.rem(item, vectors), lanes);
    Value seen = seenByQuery(k.div(row, shape.heads));
    SmallVector<Value> joined = joinParts(row, column, seen);
    Value element = k.add(k.mul(row, shape.rank), column);
    auto emitResult = [&] {
      Value share = k.mulf(joined[2], k.broadcast(k.divf(k.f32(1.0), joined[1])));
      context.store(0, k.select(k.less(k.i64(0), seen), share, k.splat(0.0)), element, lanes);
    };
    if (parts.rounds == 1)
      return emitResult();
    k.ifThen(k.equal(stage.iteration, k.i64(parts.rounds - 1)), emitResult, [&] {
      k.storeAligned(joined[2], workspaceAt(parts.joined()), element, lanes);
      k.ifThen(k.equal(column, k.i64(0)), [&] {
        Value statistics = workspaceAt(parts.joinedStatistics()), place = joinedPlace(row, stage.iteration);
        k.store(joined[0], statistics, place);
        k.store(joined[1], statistics, k.add(place, 1));
      });
    });
  });
}
