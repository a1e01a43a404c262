//===- LatentShape.h - the extents of one attention on latents ----------------------------------------------------===//
//
// What attention on a cache of latents works on: every strategy for it begins here.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_LATENTSHAPE_H
#define HADAL_CODEGEN_ANATOMY_LATENTSHAPE_H

#include "dialect/IR/Hadal.h"

namespace hadal {

/// The extents of one attention on latents: `rows` queries of each of `batch` sequences, which have room for so many
/// positions. The latent has `rank` channels, the rotary key `rope`.
struct LatentShape {
  int64_t batch, rows, heads, rank, rope, positions;
  /// Channels of a head's query, of which the last ones are the rotary part.
  int64_t queryChannels;
  double scale;
  /// Whether queries and cache are bf16: such products have an order of their own. Bytes of a number of the cache.
  bool factorsAreBF16;
  int64_t cacheBytes;

  static LatentShape of(LatentAttentionOp op);

  /// Queries of all heads of a sequence: what a latent is multiplied with.
  int64_t pairs() const { return rows * heads; }
  /// Bytes of a cache that these sequences fill.
  double bytes() const;
};

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_LATENTSHAPE_H
