//===- WarpRow.cpp - a short row of numbers in the registers of a warp --------------------------------------------===//
//
// The largest number is found in two steps: every lane takes the best of its own numbers (its places rise from slot to
// slot, so a later equal does not replace an earlier one), then the lanes compare by number and, where numbers are
// equal, by place. The outcome does not depend on the order of the comparisons.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/WarpRow.h"
#include <limits>

using namespace mlir;
using namespace hadal;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double noNumber = std::numeric_limits<double>::quiet_NaN();

WarpRow::WarpRow(GPUStage &stage, int64_t length)
    : length(length), slots(llvm::divideCeil(length, warpSize)), stage(stage), k(stage.k) {
  for (int64_t slot = 0; slot < slots; ++slot) {
    indices.push_back(k.add(stage.lane(), slot * warpSize));
    places.push_back(k.truncate(indices.back()));
    bool whole = (slot + 1) * warpSize <= length;
    inside.push_back(whole ? Value() : k.less(indices.back(), k.i64(length)));
  }
}

LaneValues WarpRow::load(Value pointer, double otherwise) {
  return map([&](int64_t slot) { return k.load(k.f32(), pointer, k.min(index(slot), k.i64(length - 1))); }, otherwise);
}

void WarpRow::forExisting(function_ref<void(int64_t slot)> body) {
  for (int64_t slot = 0; slot < slots; ++slot)
    if (exists(slot))
      k.ifThen(exists(slot), [&] { body(slot); });
    else
      body(slot);
}

LaneValues WarpRow::map(function_ref<Value(int64_t slot)> function, std::optional<double> otherwise) {
  LaneValues result;
  for (int64_t slot = 0; slot < slots; ++slot) {
    Value value = function(slot);
    if (otherwise && exists(slot))
      value = k.select(exists(slot), value, k.f32(*otherwise));
    result.push_back(value);
  }
  return result;
}

Value WarpRow::sum(ArrayRef<Value> values) {
  Value total = values.front();
  for (Value value : values.drop_front())
    total = k.addf(total, value);
  return stage.warpReduceAdd(total);
}

Value WarpRow::sum(function_ref<Value(int64_t slot)> term) { return sum(map(term, 0.0)); }

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

LaneValues WarpRow::scores(ScoreFunction function, Value logits, Value &total) {
  auto exponential = [&](Value x) -> Value { return math::ExpOp::create(k.builder, k.loc, x); };
  if (function == ScoreFunction::Sigmoid) {
    LaneValues x = load(logits);
    LaneValues result = map(
        [&](int64_t slot) {
          Value power = exponential(arith::NegFOp::create(k.builder, k.loc, x[slot]));
          return k.divf(k.f32(1.0), k.addf(k.f32(1.0), power));
        },
        0.0);
    total = sum(result);
    return result;
  }
  LaneValues x = load(logits, -infinity);
  Value largest = x.front();
  for (Value other : ArrayRef<Value>(x).drop_front())
    largest = k.maxf(largest, other);
  largest = stage.warpReduceMax(largest);
  LaneValues powers = map([&](int64_t slot) { return exponential(k.subf(x[slot], largest)); }, 0.0);
  Value inverse = k.divf(k.f32(1.0), sum(powers));
  total = k.f32(1.0);
  return map([&](int64_t slot) { return k.mulf(powers[slot], inverse); });
}

LaneValues WarpRow::scoreGradient(ScoreFunction function, ArrayRef<Value> scores, ArrayRef<Value> gradient) {
  // softmax: s (g - Σ g s); sigmoid: g s (1 - s).
  if (function == ScoreFunction::Sigmoid)
    return map(
        [&](int64_t slot) { return k.mulf(gradient[slot], k.mulf(scores[slot], k.subf(k.f32(1.0), scores[slot]))); });
  Value mean = sum([&](int64_t slot) { return k.mulf(scores[slot], gradient[slot]); });
  return map([&](int64_t slot) { return k.mulf(scores[slot], k.subf(gradient[slot], mean)); });
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

LaneValues WarpRow::forSelection(ArrayRef<Value> values) {
  return map([&](int64_t slot) { return values[slot]; }, noNumber);
}

Value WarpRow::takeLargest(MutableArrayRef<Value> values) {
  Value best = k.f32(-infinity), place = k.i32(std::numeric_limits<int32_t>::max());
  auto compare = [&](Value other, Value otherPlace) {
    Value equal = arith::AndIOp::create(k.builder, k.loc, k.equal(best, other), k.less(otherPlace, place));
    Value better = arith::OrIOp::create(k.builder, k.loc, k.less(best, other), equal);
    best = k.select(better, other, best);
    place = k.select(better, otherPlace, place);
  };
  for (int64_t slot = 0; slot < slots; ++slot)
    compare(values[slot], places[slot]);
  for (int32_t distance = warpSize / 2; distance > 0; distance /= 2) {
    Value other = stage.shuffleXor(best, distance), otherPlace = stage.shuffleXor(place, distance);
    compare(other, otherPlace);
  }
  place = k.min(place, k.i32(int32_t(length - 1)));
  for (int64_t slot = 0; slot < slots; ++slot)
    values[slot] = k.select(isAt(slot, place), k.f32(noNumber), values[slot]);
  return place;
}

Value WarpRow::isAt(int64_t slot, Value place) { return k.equal(places[slot], place); }

Value WarpRow::at(ArrayRef<Value> values, Value place) {
  Value own = values.front();
  for (int64_t slot = 1; slot < slots; ++slot)
    own = k.select(isAt(slot, place), values[slot], own);
  Value lane = arith::AndIOp::create(k.builder, k.loc, place, k.i32(warpSize - 1));
  return stage.shuffle(ptx::ShuffleKind::Index, own, lane);
}

void hadal::addRowsOfWarps(GPUStage &stage, WarpRow &row, ArrayRef<Value> values, int64_t offset,
                           function_ref<void(Value index, Value total)> store) {
  KernelBuilder &k = stage.k;
  Value memory = stage.shared(offset), own = k.mul(stage.warp(), row.length);
  row.forExisting([&](int64_t slot) { k.store(values[slot], memory, k.add(own, row.index(slot))); });
  stage.barrier();
  stage.forThreads(0, row.length, [&](Value index) {
    Value total = k.load(k.f32(), memory, index);
    for (int64_t warp = 1; warp < stage.warps(); ++warp)
      total = k.addf(total, k.load(k.f32(), memory, k.add(index, warp * row.length)));
    store(index, total);
  });
}
