//===- ThreadSoftmax.h - weighted sums of values by an online softmax of threads ----------------------------------===//
//
// The walk of a block of threads over blocks of keys: for its owned queries the largest score so far, each thread's
// part of the sum of exponentials, and its channels of the weighted sum of values. Where keys and values lie is said by
// the sources of products that a kernel hands in. The order of it is in docs/rationale/arithmetic.md.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_THREADSOFTMAX_H
#define HADAL_CODEGEN_GPU_FRAMES_THREADSOFTMAX_H

#include "codegen/GPU/Frames/ThreadAttentionBlocks.h"

namespace hadal {

class ThreadSoftmax : public ThreadAttentionBlocks {
public:
  /// Sums as wide as the shape's values.
  ThreadSoftmax(GPUStage &stage, KernelOp kernel, const AttentionShape &shape, const ThreadAttentionTiles &tiles)
      : ThreadAttentionBlocks(stage, kernel, shape, AttentionWork::forward(shape), tiles),
        share(outputShare(shape.value)) {}

protected:
  /// What is carried from block to block: of no keys.
  llvm::SmallVector<Value> startWalk();
  /// Adds a block of keys from `key` on, of which there are `extent` (null: all that a block walks over). `asks`:
  /// whether not all queries see all of these keys (seesKey).
  llvm::SmallVector<Value> addKeys(const ProductOperand &queries, const TileSource &keys, const TileSource &values,
                                   Value key, Value extent, mlir::ValueRange carried, bool asks);

  /// Of owned query i, when the walk is over: its maximum, with the factor log₂ e, and the sum of exponentials from
  /// there, which all threads that share the query get.
  Value maximumOf(mlir::ValueRange carried, int64_t i) { return carried[i]; }
  Value sumOf(mlir::ValueRange carried, int64_t i);
  /// The thread's share of the weighted sums.
  static llvm::SmallVector<Value> outputsOf(mlir::ValueRange carried) {
    return llvm::SmallVector<Value>(carried.drop_front(2 * threadVector));
  }

  const ThreadShare share;

private:
  void addScores(llvm::MutableArrayRef<Value> scores, int64_t i, Value firstKey, Value &maximum, Value &sum,
                 llvm::MutableArrayRef<Value> outputs);
};

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_THREADSOFTMAX_H
