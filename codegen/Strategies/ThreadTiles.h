//===- ThreadTiles.h - tile sizes of matrix products by plain threads of a GPU ------------------------------------===//
//
// A block of threads computes a block of C, `rows` by `columns`, and walks the depth in steps of `depth`. The parts of
// A and B that belong to a step lie in shared memory, as f32 and with the depth slowest; each thread holds threadRows
// by threadColumns numbers of C in registers. This file chooses the five numbers.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_STRATEGIES_THREADTILES_H
#define HADAL_CODEGEN_STRATEGIES_THREADTILES_H

#include "codegen/Strategies/ProductTiles.h"

namespace hadal {

/// Numbers that a thread moves at a time, and that lie side by side in its share of a tile.
constexpr int64_t threadVector = 4;

/// Elements between the rows of a tile in shared memory: a vector more than the tile, so that stores down a column fall
/// into different banks.
inline int64_t sharedStride(int64_t length) { return length + threadVector; }

/// Bytes of the two buffers for a step of A and B whose tiles are so long (0: that side lies in shared memory already).
inline int64_t stagedBytes(int64_t depthStep, int64_t lhsLength, int64_t rhsLength) {
  auto one = [&](int64_t length) { return length == 0 ? 0 : depthStep * sharedStride(length); };
  return 2 * 4 * (one(lhsLength) + one(rhsLength));
}

struct ThreadTiles {
  int64_t rows = 0, columns = 0, depth = 0;
  int64_t threadRows = 0, threadColumns = 0;

  int64_t threads() const { return (rows / threadRows) * (columns / threadColumns); }
  /// Bytes of shared memory: two steps of A and B, and in their place, when the depth is done, the block of C.
  int64_t sharedBytes() const;

  void record(KernelConfiguration &configuration, llvm::StringRef prefix = "") const;
  static ThreadTiles read(const KernelConfiguration &configuration, llvm::StringRef prefix = "");
};

/// How a product is spread over blocks: `split` parts of the depth, each of which is a block of its own (1: none).
struct ThreadProductPlan {
  ThreadTiles tiles;
  int64_t split = 1;
};

/// Enumerates tiles, and parts of the depth up to `longestSplit`, and takes the plan that a model of the GPU says is
/// fastest. `elementBytes` is the mean size of an operand's element.
ThreadProductPlan chooseThreadTiles(const ProductShape &shape, int64_t elementBytes, int64_t longestSplit = 1);

} // namespace hadal

#endif // HADAL_CODEGEN_STRATEGIES_THREADTILES_H
