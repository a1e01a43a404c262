//===- AnchoredStrategy.h - the frame of strategies for kernels of one operation ----------------------------------===//
//
// Reads a kernel of one operation (see codegen/Kernels/AnchoredKernel.h); a strategy then only says which stages there
// are and emits each.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_ANCHOREDSTRATEGY_H
#define HADAL_CODEGEN_CPU_ANCHOREDSTRATEGY_H

#include "codegen/Kernels/AnchoredKernel.h"

namespace hadal {

/// What a stage of an anchored kernel is emitted with.
class AnchorContext : public AnchorBuffers {
public:
  AnchorContext(StageFunction &stage, KernelOp kernel, const AnchoredKernel &anchored,
                const KernelConfiguration &configuration)
      : AnchorBuffers(stage.k, kernel, anchored, configuration), stage(stage) {}

  StageFunction &stage;

  /// Stores a vector or a number of a result, what is accumulated added, rounded to what lies in memory; nothing when
  /// nobody wants the result.
  void store(unsigned result, Value value, Value index = {}, Value mask = {});

  /// Loops over items [0, count), `perTask` to a task.
  void forItems(int64_t count, int64_t perTask, llvm::function_ref<void(Value item)> body);
};

/// The frame of a strategy for kernels anchored at one kind of operation.
template <typename Anchor> class AnchoredStrategy : public KernelStrategy {
public:
  AnchoredStrategy(KernelKind kind, llvm::StringRef name) : KernelStrategy(TargetKind::CPU, kind, name) {}

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
    for (auto [index, spec] : llvm::enumerate(configuration.stages)) {
      StageFunction stage(builder, kernel, spec, target);
      AnchorContext context(stage, kernel, *anchored, configuration);
      emitStage(mlir::cast<Anchor>(anchored->anchor), index, context);
    }
    return mlir::success();
  }

protected:
  /// Fills in stages, parameters and sizes.
  virtual void plan(Anchor op, const TargetDescription &target, KernelConfiguration &configuration) const = 0;
  virtual void emitStage(Anchor op, unsigned stage, AnchorContext &context) const = 0;
};

/// Rows that one task takes: about 64 Ki elements, but at least 64 tasks when there are so many rows.
int64_t rowsPerTask(int64_t rows, int64_t columns);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_ANCHOREDSTRATEGY_H
