//===- ThreadSoftmax.cpp - weighted sums of values by an online softmax of threads --------------------------------===//
//
// See the header. Carried are the maxima of the thread's four queries, its parts of their sums, and its share of the
// outputs.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/ThreadSoftmax.h"
#include <numbers>

using namespace mlir;
using namespace hadal;

/// Less than every score, but finite, so that differences are no NaN.
static constexpr double lowestScore = -1.0e30;

SmallVector<Value> ThreadSoftmax::startWalk() {
  SmallVector<Value> carried(threadVector, k.f32(lowestScore));
  carried.append(threadVector, k.f32(0.0));
  carried.append(zeroAccumulators(k, share));
  return carried;
}

SmallVector<Value> ThreadSoftmax::addKeys(const ProductOperand &queries, const TileSource &keys,
                                          const TileSource &values, Value key, Value extent, ValueRange carried,
                                          bool asks) {
  ScoreTile tile = scores(queries, keys, shape.query());
  SmallVector<Value> maxima(carried.take_front(threadVector)), sums(carried.slice(threadVector, threadVector));
  SmallVector<Value> outputs = outputsOf(carried);
  for (int64_t i = 0; i < threadVector; ++i)
    addScores(tile[i], i, asks ? key : Value(), maxima[i], sums[i],
              MutableArrayRef(outputs).slice(share.index(i, 0), share.columns / threadVector));
  SharedTile weights = storeWeights(tile, 0);
  TakesPart sees = [&](int64_t i, Value walked) { return seesKey(i, k.add(key, walked)); };
  outputs = accumulate(weights, values, shape.value, extent, std::move(outputs), asks ? sees : TakesPart());
  SmallVector<Value> next = std::move(maxima);
  next.append(sums);
  next.append(outputs);
  return next;
}

/// The larger number; scores that are NaN are not looked for here (the loss is).
static Value larger(KernelBuilder &k, Value a, Value b) { return arith::MaxNumFOp::create(k.builder, k.loc, a, b); }

/// The online softmax of the thread's query i: turns its scores into weights and rescales what it has. `firstKey` is
/// null where the query sees all of the keys.
void ThreadSoftmax::addScores(MutableArrayRef<Value> scores, int64_t i, Value firstKey, Value &maximum, Value &sum,
                              MutableArrayRef<Value> outputs) {
  SmallVector<Value> seen;
  auto seenOr = [&](int64_t j, Value value, double otherwise) {
    return firstKey ? k.select(seen[j], value, k.f32(otherwise)) : value;
  };
  Value largest;
  for (int64_t j = 0; j < threadVector; ++j) {
    if (firstKey)
      seen.push_back(seesKey(i, k.add(firstKey, walkedPosition(j))));
    scores[j] = seenOr(j, k.mulf(scores[j], k.f32(shape.scale * std::numbers::log2e)), lowestScore);
    largest = largest ? larger(k, largest, scores[j]) : scores[j];
  }
  largest = stage.warpReduce(largest, [&](Value a, Value b) { return larger(k, a, b); }, tiles.threadColumns());
  Value now = larger(k, maximum, largest);
  Value shrink = exp2(k.subf(maximum, now));
  sum = k.mulf(sum, shrink);
  for (int64_t j = 0; j < threadVector; ++j) {
    scores[j] = seenOr(j, exp2(k.subf(scores[j], now)), 0.0);
    sum = k.addf(sum, scores[j]);
  }
  maximum = now;
  Value factor = vector::BroadcastOp::create(k.builder, k.loc, VectorType::get({threadVector}, k.f32()), shrink);
  for (Value &output : outputs)
    output = k.mulf(output, factor);
}

Value ThreadSoftmax::sumOf(ValueRange carried, int64_t i) {
  return stage.warpReduce(
      carried[threadVector + i], [&](Value a, Value b) { return k.addf(a, b); }, tiles.threadColumns());
}
