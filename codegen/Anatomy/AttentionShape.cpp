//===- AttentionShape.cpp - the extents of one attention ----------------------------------------------------------===//
//
// The operation says its heads and channels; batch and sequence are those of its query.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/AttentionShape.h"

using namespace mlir;
using namespace hadal;

AttentionShape AttentionShape::of(AttentionOpInterface op) {
  auto query = cast<RankedTensorType>(op.getQuery().getType()).getShape();
  int64_t heads = op.getHeads(), nope = op.getNope();
  return {query[0],
          query[1],
          heads,
          nope,
          query[2] / heads - nope,
          int64_t(op.getValue()),
          op.getScale().convertToDouble()};
}
