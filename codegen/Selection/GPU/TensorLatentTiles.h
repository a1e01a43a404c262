//===- TensorLatentTiles.h - tiles of attention on latents on tensor cores ----------------------------------------===//
//
// A block multiplies 64 pairs (queries and heads) with 64 keys at a time: a page, or a part of one. Its two consuming
// warp groups each have the scores of half of the keys, and the output's sums of half of the channels.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_GPU_TENSORLATENTTILES_H
#define HADAL_CODEGEN_SELECTION_GPU_TENSORLATENTTILES_H

#include "codegen/Selection/GPU/LatentParts.h"
#include "codegen/Selection/GPU/TensorAttentionTiles.h"

namespace hadal {

struct TensorLatentTiles {
  static constexpr int64_t pairs = 64, keys = 64, consumers = 2, threads = (consumers + 1) * 128;
  /// Tiles of keys in shared memory.
  int64_t stages = 2;

  /// The swizzle of queries and keys, whose panels divide each warp group's channels; of a shape that is served.
  static ptx::Swizzle swizzle(const LatentShape &shape) { return *commonSwizzle({shape.rank / 2, shape.rope}); }
};

/// The places of tiles and barriers in shared memory, and of what warp groups tell each other of a row.
struct LatentMemory {
  int64_t keyOffset, keyBytes, weightOffset, exchangeOffset, barrierOffset, bytes;
  LatentMemory(const LatentShape &shape, const TensorLatentTiles &tiles);
};

/// The tiles, with as many stages as fit; failure when channels are too many, or no panel divides them.
mlir::FailureOr<TensorLatentTiles> chooseLatentTiles(const LatentShape &shape);

/// Seconds with sequences as long as they may become.
PredictedTime predictTensorLatents(const LatentShape &shape, const TargetDescription &target);

/// What TMA is told of the queries, a row per pair and sequence: `channels` of them from the channel `first` of
/// `rowChannels` on.
TensorMapSpec describePairs(unsigned argument, const LatentShape &shape, mlir::Type element, int64_t rowChannels,
                            int64_t first, int64_t channels);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_GPU_TENSORLATENTTILES_H
