//===- GPUAnchoredStrategy.h - strategies for kernels of one operation on NVIDIA GPUs -----------------------------===//
//
// What codegen/Emit/AnchoredFrame.h needs to know of a GPU: how a thread stores.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_GPUANCHOREDSTRATEGY_H
#define HADAL_CODEGEN_GPU_FRAMES_GPUANCHOREDSTRATEGY_H

#include "codegen/Emit/AnchoredFrame.h"
#include "codegen/GPU/Frames/GPUStage.h"

namespace hadal {

/// What a stage of an anchored kernel is emitted with.
class GPUAnchorContext : public AnchorBuffers {
public:
  using Stage = GPUStage;
  static constexpr TargetKind targetKind = TargetKind::NVPTX;

  GPUAnchorContext(GPUStage &stage, KernelOp kernel, const AnchoredKernel &anchored,
                   const KernelConfiguration &configuration)
      : AnchorBuffers(stage.k, kernel, anchored, configuration), stage(stage) {}

  GPUStage &stage;

  /// What is stored for a result: the value, what is accumulated added. Vectors lie at an index that is a multiple of
  /// `multiple`. Loads only, so that it can stand before the stores of other items.
  Value total(unsigned result, Value value, Value index = {}, int64_t multiple = 1);
  /// Stores a vector or a number that total() has returned, rounded to what lies in memory; nothing when nobody wants
  /// the result.
  void storeTotal(unsigned result, Value value, Value index = {}, int64_t multiple = 1);
  void store(unsigned result, Value value, Value index = {}, int64_t multiple = 1) {
    storeTotal(result, total(result, value, index, multiple), index, multiple);
  }
};

/// A strategy for kernels anchored at one kind of operation.
template <typename Anchor> class GPUAnchoredStrategy : public AnchoredFrame<Anchor, GPUAnchorContext> {
  using AnchoredFrame<Anchor, GPUAnchorContext>::AnchoredFrame;
};

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_GPUANCHOREDSTRATEGY_H
