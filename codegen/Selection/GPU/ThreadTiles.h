//===- ThreadTiles.h - tile sizes of matrix products by plain threads of a GPU ------------------------------------===//
//
// A block of threads computes a block of C, `rows` by `columns`, and walks the depth in steps of `depth`, which divide
// the blocks in which a depth is added up. The parts of A and B that belong to a step lie in shared memory, as f32 and
// with the depth slowest; each thread holds threadRows by threadColumns numbers of C in registers. This file chooses
// the five numbers.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_GPU_THREADTILES_H
#define HADAL_CODEGEN_SELECTION_GPU_THREADTILES_H

#include "codegen/Anatomy/ProductShape.h"
#include "codegen/Selection/Strategy.h"
#include "codegen/Target/Arithmetic.h"

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
  /// Bytes of shared memory for a product of at most such a depth: two steps of A and B, and in their place, when the
  /// depth is done, the block of C. A depth of several blocks adds them up behind the steps.
  int64_t sharedBytes(int64_t depth) const;
  int64_t stepBytes() const { return stagedBytes(this->depth, rows, columns); }

  choices::ThreadTilesAttr toChoice(mlir::MLIRContext *context) const {
    return choices::ThreadTilesAttr::get(context, rows, columns, depth, threadRows, threadColumns);
  }
  static ThreadTiles of(choices::ThreadTilesAttr choice) {
    return {choice.getRows(), choice.getColumns(), choice.getDepth(), choice.getThreadRows(),
            choice.getThreadColumns()};
  }
};

/// Blocks of the depth of a product (docs/rationale/arithmetic.md).
inline int64_t depthBlocks(int64_t depth) {
  return (std::max<int64_t>(depth, 1) + arithmetic::depthBlock - 1) / arithmetic::depthBlock;
}

/// How a product is spread over blocks of threads: with `splitsDepth` each block of the depth is one of its own.
struct ThreadProductPlan {
  ThreadTiles tiles;
  bool splitsDepth = false;
  PredictedTime time = {};
};

/// Tiles, with the depth in one or, if it `maySplit`, in its blocks, and the times that a model of the GPU predicts, in
/// the order in which they are tried. `elementBytes` is the mean size of an operand's element.
llvm::SmallVector<ThreadProductPlan> proposeThreadTiles(const ProductShape &shape, int64_t elementBytes,
                                                        const TargetDescription &target, bool maySplit = false);
/// The fastest of them.
ThreadProductPlan chooseThreadTiles(const ProductShape &shape, int64_t elementBytes, const TargetDescription &target);

/// Whether the depth of a product has blocks that may go to different blocks of threads.
bool maySplitDepth(const ProductShape &shape);
/// Whether tiles are some that there is code for, and fit the shared memory.
mlir::LogicalResult checkThreadTiles(choices::ThreadTilesAttr choice, int64_t depth, const TargetDescription &target,
                                     EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_GPU_THREADTILES_H
