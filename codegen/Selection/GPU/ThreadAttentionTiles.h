//===- ThreadAttentionTiles.h - blocks of attention by plain threads of a GPU -------------------------------------===//
//
// A stage of attention owns a block of positions of one head (queries, or keys for their gradient) and walks over
// blocks of the other side. For every pair of blocks each thread holds 4 × 4 scores; products of the scores with
// channels add up in its registers. This file chooses the owned block for each of the three stages that multiply; the
// walked one is no choice, since it decides the bits (docs/rationale/arithmetic.md).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_GPU_THREADATTENTIONTILES_H
#define HADAL_CODEGEN_SELECTION_GPU_THREADATTENTIONTILES_H

#include "codegen/Anatomy/AttentionShape.h"
#include "codegen/Selection/GPU/ThreadTiles.h"

namespace hadal {

/// The step in which products of attention walk their depth.
constexpr int64_t attentionDepthStep = 8;

/// What a stage multiplies for each pair of blocks.
struct AttentionWork {
  /// Depths of the products that give scores. Their left sides are the owned block's.
  llvm::SmallVector<int64_t, 2> scoreDepths;
  /// Channels of the sums over the walked blocks.
  llvm::SmallVector<int64_t, 2> outputs;

  static AttentionWork forward(const AttentionShape &shape) { return {{shape.query()}, {shape.value}}; }
  static AttentionWork keyGradient(const AttentionShape &shape) {
    return {{shape.query(), shape.value}, {shape.value, shape.query()}};
  }
  static AttentionWork queryGradient(const AttentionShape &shape) {
    return {{shape.query(), shape.value}, {shape.query()}};
  }
};

struct ThreadAttentionTiles {
  /// Positions of the block that a block of threads owns, a divisor of those that it walks over at a time.
  int64_t owned = 0;
  static constexpr int64_t walked = arithmetic::hopper::walkedBlock;
  /// Whether the owned block's channels stay in shared memory; otherwise they are read again for every pair of blocks.
  bool resident = false;

  int64_t threadRows() const { return owned / threadVector; }
  static constexpr int64_t threadColumns() { return walked / threadVector; }
  int64_t threads() const { return threadRows() * threadColumns(); }
  /// Channels that a thread holds of each of its rows, when there are `channels` in all.
  int64_t channelsPerThread(int64_t channels) const;
  /// Bytes of shared memory, and where in it things lie: the owned block's channels (side by side), the tiles of
  /// weights, and the buffers of the products.
  int64_t residentBytes(const AttentionWork &work) const;
  int64_t weightBytes() const { return 4 * walked * sharedStride(owned); }
  int64_t stageBytes(const AttentionWork &work) const;
  int64_t sharedBytes(const AttentionWork &work) const {
    return residentBytes(work) + int64_t(work.outputs.size()) * weightBytes() + stageBytes(work);
  }

  choices::ThreadAttentionAttr toChoice(mlir::MLIRContext *context) const {
    return choices::ThreadAttentionAttr::get(context, owned, resident);
  }
  static ThreadAttentionTiles of(choices::ThreadAttentionAttr choice) {
    return {choice.getOwned(), choice.getResident()};
  }
};

/// Whether a stage fits into the registers and the shared memory of a block on GPUs of this class.
bool fitsThreadAttention(const AttentionWork &work);

struct ThreadAttentionPlan {
  ThreadAttentionTiles tiles;
  PredictedTime time;
};

/// Blocks with their predicted times, in the order in which they are tried, and the fastest.
llvm::SmallVector<ThreadAttentionPlan> proposeThreadAttention(const AttentionShape &shape, const AttentionWork &work,
                                                              const TargetDescription &target);
ThreadAttentionPlan chooseThreadAttention(const AttentionShape &shape, const AttentionWork &work,
                                          const TargetDescription &target);
/// The blocks of a choice; failure after a diagnostic when they do not fit.
mlir::FailureOr<ThreadAttentionTiles> checkThreadAttention(choices::ThreadAttentionAttr choice,
                                                           const AttentionWork &work, const TargetDescription &target,
                                                           EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_GPU_THREADATTENTIONTILES_H
