//===- LatentTiles.cpp - blocks of attention on latents on CPUs ---------------------------------------------------===//
//
// Heads are columns of the scores' tile and rows of the output's, so that a key is read in place by both products: it
// is copied once from its page, and never transposed. A tile of scores has as many keys as keep enough chains under way
// with one vector of heads or two.
//
// A task takes up to 64 heads, so that its packed queries, its copied keys, their scores and a row of output tiles stay
// in the second-level cache; a sequence's blocks of keys are what threads share. What a block yields waits in memory
// until all blocks before it are there. That is a row of the latent's width for each head and block, so it is limited:
// longer sequences are joined in rounds.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/LatentTiles.h"
#include "codegen/Selection/CPU/ProductTiles.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

/// Heads of a task at most, and bytes of what waits to be joined.
static constexpr int64_t mostHeads = 64, mostWaiting = int64_t(1) << 25;

static int64_t roundUp(int64_t value, int64_t multiple) { return int64_t(llvm::alignTo(value, multiple)); }

/// Blocks of keys that a sequence has room for.
static int64_t keyBlocks(const LatentShape &shape) {
  return int64_t(llvm::divideCeil(shape.positions, arithmetic::keyBlock));
}

LatentTiles LatentTiles::of(const LatentShape &shape, const TargetDescription &target) {
  LatentTiles tiles;
  tiles.lanes = target.lanes;
  tiles.depthMultiple = shape.factorsAreBF16 ? arithmetic::depthStep : registerTileUnroll;
  bool hasManyRegisters = target.vectorRegisters >= 32;
  tiles.headVectors = hasManyRegisters && shape.heads > tiles.lanes ? 2 : 1;
  tiles.channelVectors = hasManyRegisters ? 2 : 1;
  int64_t fewRows = target.registerLanes >= 8 ? 6 : 2;
  tiles.keyRows = hasManyRegisters ? 16 / tiles.headVectors : fewRows;
  tiles.headRows = hasManyRegisters ? 8 : fewRows;
  int64_t groups = int64_t(llvm::divideCeil(shape.heads, mostHeads));
  tiles.headsOfTask = roundUp(int64_t(llvm::divideCeil(shape.heads, groups)), tiles.width());
  int64_t bytesOfBlock = shape.batch * shape.rows * shape.heads * tiles.outputStride(shape) * 4;
  tiles.rounds = int64_t(llvm::divideCeil(keyBlocks(shape), std::max<int64_t>(1, mostWaiting / bytesOfBlock)));
  tiles.blocksOfRound = int64_t(llvm::divideCeil(keyBlocks(shape), tiles.rounds));
  return tiles;
}

int64_t LatentTiles::groups(const LatentShape &shape) const {
  return int64_t(llvm::divideCeil(shape.heads, headsOfTask));
}

int64_t LatentTiles::ropeStart(const LatentShape &shape) const { return roundUp(shape.rank, depthMultiple); }
int64_t LatentTiles::depth(const LatentShape &shape) const {
  return ropeStart(shape) + roundUp(shape.rope, depthMultiple);
}
int64_t LatentTiles::room(const LatentShape &shape) const {
  // What is packed is stored in whole vectors.
  return roundUp(ropeStart(shape) + roundUp(shape.rope, lanes), std::max(lanes, depthMultiple));
}
int64_t LatentTiles::keyStride(const LatentShape &shape) const {
  // A tile of channels may reach beyond the latent. A vector more, so that the keys of a tile fall into different sets
  // of the cache.
  return std::max(room(shape), roundUp(shape.rank, channelWidth())) + lanes;
}
int64_t LatentTiles::keyRoom() const { return roundUp(arithmetic::keyBlock, keyRows); }

int64_t LatentTiles::outputStride(const LatentShape &shape) const { return roundUp(shape.rank, channelWidth()); }
int64_t LatentTiles::statisticsStride(const LatentShape &shape) const { return roundUp(shape.heads, lanes); }
