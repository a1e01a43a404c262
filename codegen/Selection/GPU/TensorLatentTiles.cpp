//===- TensorLatentTiles.cpp - tiles of attention on latents on tensor cores --------------------------------------===//
//
// With the latents of V3 (512 channels and 64 rotary ones) the queries of a block and two stages of keys take all of a
// multiprocessor's shared memory, and a thread holds 128 sums. What a block walks over decides the order of sums: it is
// the same for all shapes (docs/rationale/arithmetic.md).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/TensorLatentTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

/// Channels of a latent: 256 columns are the widest product of a warp group.
static constexpr int64_t mostChannels = 256 * TensorLatentTiles::consumers;
/// More stages than hide the latency of memory are of no use.
static constexpr int64_t mostStages = 4;

LatentMemory::LatentMemory(const LatentShape &shape, const TensorLatentTiles &tiles) {
  int64_t channels = shape.rank + shape.rope;
  keyOffset = int64_t(llvm::alignTo(tiles.pairs * channels * 2, 1024));
  keyBytes = int64_t(llvm::alignTo(tiles.keys * channels * 2, 1024));
  weightOffset = keyOffset + tiles.stages * keyBytes;
  exchangeOffset = weightOffset + tiles.pairs * tiles.keys * 2;
  barrierOffset = exchangeOffset + tiles.consumers * tiles.pairs * 4;
  // One pair of barriers for the queries, then those of the ring.
  bytes = barrierOffset + (1 + tiles.stages) * 16;
}

FailureOr<TensorLatentTiles> hadal::chooseLatentTiles(const LatentShape &shape) {
  if (shape.rank % 2 != 0 || shape.rank > mostChannels || failed(commonSwizzle({shape.rank / 2, shape.rope})))
    return failure();
  TensorLatentTiles tiles;
  for (tiles.stages = mostStages; tiles.stages >= 2; --tiles.stages)
    if (LatentMemory(shape, tiles).bytes <= getMostSharedMemory())
      return tiles;
  return failure();
}

PredictedTime hadal::predictTensorLatents(const LatentShape &shape, const TargetDescription &target) {
  LatentParts parts = LatentParts::choose(shape);
  int64_t tiles = parts.tiles(shape, TensorLatentTiles::pairs);
  double products = double(shape.batch * tiles * TensorLatentTiles::pairs) * double(shape.positions) *
                    double(2 * shape.rank + shape.rope);
  double rate = target.tensorProductsPerCycle * double(target.multiprocessors) * target.clock;
  PredictedTime time = PredictedTime::overlapped(products / rate, shape.bytes() / target.memoryBandwidth, 0);
  time += parts.predictWaiting(target);
  return time;
}

TensorMapSpec hadal::describePairs(unsigned argument, const LatentShape &shape, Type element, int64_t rowChannels,
                                   int64_t first, int64_t channels) {
  ptx::Swizzle swizzle = TensorLatentTiles::swizzle(shape);
  TensorMapSpec map;
  map.argument = argument;
  map.offset = first * 2;
  map.element = element;
  map.sizes = {channels, shape.pairs(), shape.batch};
  map.strides = {rowChannels * 2, shape.pairs() * rowChannels * 2};
  map.box = {panelElements(swizzle), TensorLatentTiles::pairs, 1};
  map.swizzle = swizzle;
  return map;
}
