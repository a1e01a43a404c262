//===- AttentionStrategy.cpp - how attention and its gradient are served on CPUs ----------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AttentionStrategy.h"

using namespace mlir;
using namespace hadal;

bool AttentionStrategy::serves(const KernelAnatomy &anatomy, Refusals &) const {
  AttentionOpInterface op = anatomy.attention();
  return op && op.isGradient() == isGradient &&
         (unit == ProductUnit::Registers || AttentionShape::of(op).factorsAreBF16);
}

SmallVector<Candidate> AttentionStrategy::propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                                  Refusals &) const {
  AttentionShape shape = AttentionShape::of(anatomy.attention());
  return proposeAttention(unit, shape, workOf(shape), anatomy.kernel(), target);
}

LogicalResult AttentionStrategy::configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                                           KernelConfiguration &configuration, EmitError emitError) const {
  AttentionShape shape = AttentionShape::of(anatomy.attention());
  FailureOr<AttentionTiles> tiles = checkAttentionTiles(unit, configuration, shape, target, emitError);
  if (failed(tiles))
    return failure();
  plan(anatomy.kernel(), shape, *tiles, configuration);
  return success();
}
