//===- LatentShape.cpp - the extents of one attention on latents --------------------------------------------------===//
//
// Sequences, their queries and heads are those of the queries that were taken to the latents; channels and positions
// those of the cache and of the table of its pages.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/LatentShape.h"

using namespace mlir;
using namespace hadal;

LatentShape LatentShape::of(LatentAttentionOp op) {
  RankedTensorType absorbed = op.getAbsorbed().getType(), latents = op.getLatents().getType();
  auto isBF16 = [](RankedTensorType type) { return type.getElementType().isBF16(); };
  int64_t heads = op.getHeads();
  return {absorbed.getDimSize(0),
          absorbed.getDimSize(1),
          heads,
          latents.getDimSize(2),
          op.getRotaryKeys().getType().getDimSize(2),
          op.getPages().getType().getDimSize(1) * latents.getDimSize(1),
          op.getQuery().getType().getDimSize(2) / heads,
          op.getScale().convertToDouble(),
          isBF16(absorbed) && isBF16(latents),
          latents.getElementTypeBitWidth() / 8};
}

double LatentShape::bytes() const { return double(batch * positions * (rank + rope) * cacheBytes); }
