//===- ExpertScores.cpp - scores of experts and the choice of the best --------------------------------------------===//
//
// The largest number is found lane by lane: each lane keeps the best of its own column and where it was; as positions
// rise, a later equal does not replace an earlier one. The lanes are then compared, first by number, then by position.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/ExpertScores.h"
#include <limits>

using namespace mlir;
using namespace hadal;

int64_t hadal::paddedLength(int64_t length, int64_t lanes) { return llvm::alignTo(length, lanes); }

void hadal::forPadded(KernelBuilder &k, int64_t length, function_ref<void(Value index)> body) {
  k.forLoop(k.i64(0), k.i64(paddedLength(length, k.lanes)), k.lanes, body);
}

Value hadal::sumPadded(KernelBuilder &k, int64_t length, function_ref<Value(Value index)> body) {
  Value sum = k.forReduce(
      k.i64(0), k.i64(paddedLength(length, k.lanes)), k.lanes, {k.splat(0.0)},
      [&](Value index, ValueRange carried) { return SmallVector<Value>{k.addf(carried[0], body(index))}; })[0];
  return k.reduceAdd(sum);
}

Value hadal::emitScores(KernelBuilder &k, ScoreFunction function, Value logits, int64_t experts, Value scores) {
  Value zero = k.splat(0.0), one = k.splat(1.0);
  auto exponential = [&](Value x) -> Value { return math::ExpOp::create(k.builder, k.loc, x); };
  Value largest;
  if (function == ScoreFunction::Softmax) {
    Value low = k.splat(-std::numeric_limits<double>::infinity());
    largest = k.forVectorsReduce(0, experts, {low}, [&](Value index, Value mask, ValueRange carried) {
      return SmallVector<Value>{k.maxf(carried[0], k.loadVector(logits, index, mask, k.f32(), low))};
    })[0];
    largest = k.broadcast(k.reduceMax(largest));
  }
  Value sum = k.forVectorsReduce(0, experts, {zero}, [&](Value index, Value mask, ValueRange carried) {
    Value x = k.loadVector(logits, index, mask), score;
    if (function == ScoreFunction::Softmax)
      score = exponential(k.subf(x, largest));
    else
      score = k.divf(one, k.addf(one, exponential(arith::NegFOp::create(k.builder, k.loc, x))));
    if (mask)
      score = k.select(mask, score, zero);
    k.storeVector(score, scores, index);
    return SmallVector<Value>{k.addf(carried[0], score)};
  })[0];
  sum = k.reduceAdd(sum);
  if (function == ScoreFunction::Sigmoid)
    return sum;
  Value inverse = k.broadcast(k.divf(k.f32(1.0), sum));
  forPadded(k, experts,
            [&](Value index) { k.storeVector(k.mulf(k.loadVector(scores, index), inverse), scores, index); });
  return k.f32(1.0);
}

void hadal::copyForSelection(KernelBuilder &k, Value from, int64_t length, Value to,
                             function_ref<Value(Value index, Value vector)> change) {
  Value nan = k.splat(std::numeric_limits<double>::quiet_NaN());
  k.forVectors(0, length, [&](Value index, Value mask) {
    Value vector = k.loadVector(from, index);
    if (change)
      vector = change(index, vector);
    k.storeVector(mask ? k.select(mask, vector, nan) : vector, to, index);
  });
}

Value hadal::takeLargest(KernelBuilder &k, Value row, int64_t length) {
  Value low = k.splat(-std::numeric_limits<double>::infinity());
  Value none = k.broadcast(k.i32(std::numeric_limits<int32_t>::max()));
  auto either = [&](Value a, Value b) -> Value { return arith::OrIOp::create(k.builder, k.loc, a, b); };
  auto both = [&](Value a, Value b) -> Value { return arith::AndIOp::create(k.builder, k.loc, a, b); };
  SmallVector<Value> best = k.forReduce(
      k.i64(0), k.i64(paddedLength(length, k.lanes)), k.lanes, {low, none, k.laneNumbers()},
      [&](Value index, ValueRange carried) {
        Value x = k.loadVector(row, index), position = carried[2];
        Value better = either(k.less(carried[0], x), both(k.equal(carried[0], x), k.less(position, carried[1])));
        Value next = k.add(position, k.broadcast(k.i32(int32_t(k.lanes))));
        return SmallVector<Value>{k.select(better, x, carried[0]), k.select(better, position, carried[1]), next};
      });
  Value largest = k.broadcast(k.reduceMax(best[0]));
  Value candidates = k.select(k.equal(best[0], largest), best[1], none);
  Value position = k.min(k.reduceMin(candidates), k.i32(int32_t(length - 1)));
  k.store(k.f32(std::numeric_limits<double>::quiet_NaN()), row, k.extend(position));
  return position;
}

void hadal::emitScoreGradient(KernelBuilder &k, ScoreFunction function, Value scores, Value gradient, int64_t experts,
                              function_ref<void(Value value, Value index, Value mask)> store) {
  Value one = k.splat(1.0), mean;
  if (function == ScoreFunction::Softmax)
    mean = k.broadcast(sumPadded(
        k, experts, [&](Value index) { return k.mulf(k.loadVector(scores, index), k.loadVector(gradient, index)); }));
  k.forVectors(0, experts, [&](Value index, Value mask) {
    Value s = k.loadVector(scores, index), g = k.loadVector(gradient, index);
    // softmax: s (g - Σ g s); sigmoid: g s (1 - s).
    Value value =
        function == ScoreFunction::Softmax ? k.mulf(s, k.subf(g, mean)) : k.mulf(g, k.mulf(s, k.subf(one, s)));
    store(value, index, mask);
  });
}
