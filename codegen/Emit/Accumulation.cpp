//===- Accumulation.cpp - results that are added to what is there already -----------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/Accumulation.h"

using namespace mlir;
using namespace hadal;

Value hadal::emitCounts(KernelBuilder &k, Value condition) {
  return arith::CmpFOp::create(k.builder, k.loc, arith::CmpFPredicate::UNE, condition, k.f32(0.0));
}

Accumulation::Accumulation(KernelBuilder &k, const Accumulated &accumulated) : from(accumulated) {
  if (from.exists() && from.condition >= 0)
    counts = emitCounts(k, k.load(k.f32(), k.argument(from.condition)));
}

Value Accumulation::add(KernelBuilder &k, Value term, function_ref<Value()> load) const {
  if (!exists())
    return term;
  auto total = [&] { return k.addf(load(), term); };
  return counts ? k.either(term.getType(), counts, total, [&] { return term; }) : total();
}

void Accumulation::branch(KernelBuilder &k, function_ref<void()> counted, function_ref<void()> cleared) const {
  if (!exists())
    return cleared();
  if (!counts)
    return counted();
  k.ifThen(counts, counted, cleared);
}

Value Accumulation::isEmptyBefore(KernelBuilder &k, Value isFirstPart) const {
  if (!exists())
    return isFirstPart;
  if (!counts)
    return {};
  Value one = k.constant(k.builder.getI1Type(), 1);
  Value cleared = arith::XOrIOp::create(k.builder, k.loc, counts, one);
  return arith::AndIOp::create(k.builder, k.loc, isFirstPart, cleared);
}
