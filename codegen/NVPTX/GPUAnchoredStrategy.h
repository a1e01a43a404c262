//===- GPUAnchoredStrategy.h - the frame of GPU strategies for kernels of one operation ---------------------------===//
//
// Reads a kernel of one operation (see codegen/Kernels/AnchoredKernel.h); a strategy then only says which stages there
// are and emits each.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_NVPTX_GPUANCHOREDSTRATEGY_H
#define HADAL_CODEGEN_NVPTX_GPUANCHOREDSTRATEGY_H

#include "codegen/Kernels/AnchoredKernel.h"
#include "codegen/NVPTX/GPUStage.h"

namespace hadal {

/// What a stage of an anchored kernel is emitted with.
class GPUAnchorContext : public AnchorBuffers {
public:
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

/// The frame of a strategy for kernels anchored at one kind of operation.
template <typename Anchor> class GPUAnchoredStrategy : public KernelStrategy {
public:
  GPUAnchoredStrategy(KernelKind kind, llvm::StringRef name) : KernelStrategy(TargetKind::NVPTX, kind, name) {}

  bool serves(KernelOp kernel, Refusals &refusals) const override {
    mlir::FailureOr<AnchoredKernel> anchored = AnchoredKernel::read(kernel, &refusals);
    return succeeded(anchored) && mlir::isa<Anchor>(anchored->anchor);
  }
  mlir::LogicalResult select(KernelOp kernel, const TargetDescription &target,
                             KernelConfiguration &configuration) const override {
    plan(mlir::cast<Anchor>(AnchoredKernel::read(kernel)->anchor), target, configuration);
    return mlir::success();
  }
  mlir::LogicalResult lower(KernelOp kernel, const KernelConfiguration &configuration, const TargetDescription &target,
                            mlir::OpBuilder &builder) const override {
    mlir::FailureOr<AnchoredKernel> anchored = AnchoredKernel::read(kernel);
    for (unsigned index = 0; index < configuration.stages.size(); ++index) {
      GPUStage stage(builder, kernel, configuration, index, target);
      GPUAnchorContext context(stage, kernel, *anchored, configuration);
      emitStage(mlir::cast<Anchor>(anchored->anchor), index, context);
    }
    return mlir::success();
  }

protected:
  /// Fills in stages, parameters and sizes.
  virtual void plan(Anchor op, const TargetDescription &target, KernelConfiguration &configuration) const = 0;
  virtual void emitStage(Anchor op, unsigned stage, GPUAnchorContext &context) const = 0;
};

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_GPUANCHOREDSTRATEGY_H
