//===- AnchoredKernel.h - kernels of one operation ----------------------------------------------------------------===//
//
// Reduction, routing and update kernels hold one operation, the anchor; a float result may be added to an operand of
// the kernel (a gradient's buffer), which is then read and written in one pass. This file reads such kernels and gives
// their strategies a common frame: a strategy says which stages there are and emits each.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_ANCHOREDKERNEL_H
#define HADAL_CODEGEN_CPU_ANCHOREDKERNEL_H

#include "codegen/Kernels/KernelBuilder.h"

namespace hadal {

struct AnchoredKernel {
  mlir::Operation *anchor = nullptr;
  /// Per operand of the anchor: which operand of the kernel it is.
  llvm::SmallVector<unsigned> operands;
  /// Per result of the anchor: which result of the kernel it is (-1: none), and which operand of the kernel is added to
  /// it (-1: none).
  llvm::SmallVector<int64_t> results, accumulated;

  /// Reads a kernel; failure when it has another form or other element types than f32 and i32.
  static mlir::FailureOr<AnchoredKernel> read(KernelOp kernel);
};

/// What a stage of an anchored kernel is emitted with.
class AnchorContext {
public:
  using Value = mlir::Value;
  AnchorContext(StageFunction &stage, KernelOp kernel, const AnchoredKernel &anchored,
                const KernelConfiguration &configuration)
      : stage(stage), k(stage.k), configuration(configuration), kernel(kernel), anchored(anchored) {}

  StageFunction &stage;
  KernelBuilder &k;
  const KernelConfiguration &configuration;

  /// The buffer of an operand of the anchor.
  Value operand(unsigned index) { return k.argument(anchored.operands[index]); }
  bool hasResult(unsigned index) const { return anchored.results[index] >= 0; }
  bool isAccumulated(unsigned index) const { return anchored.accumulated[index] >= 0; }
  /// The buffer of a result of the anchor, and that of the operand that it is added to.
  Value result(unsigned index) { return k.argument(kernel.getNumArguments() + anchored.results[index]); }
  Value accumulatedOperand(unsigned index) { return k.argument(anchored.accumulated[index]); }
  Value workspace() { return k.argument(kernel.getNumArguments() + kernel.getNumResults()); }

  /// Stores a vector or a number of a result, what is accumulated added; nothing when nobody wants the result.
  void store(unsigned result, Value value, Value index = {}, Value mask = {});

  /// Loops over items [0, count), `perTask` to a task.
  void forItems(int64_t count, int64_t perTask, llvm::function_ref<void(Value item)> body);

private:
  KernelOp kernel;
  const AnchoredKernel &anchored;
};

/// The frame of a strategy for kernels anchored at one kind of operation.
template <typename Anchor> class AnchoredStrategy : public KernelStrategy {
public:
  AnchoredStrategy(KernelKind kind, llvm::StringRef name) : KernelStrategy(TargetKind::CPU, kind, name) {}

  bool serves(KernelOp kernel) const override {
    mlir::FailureOr<AnchoredKernel> anchored = AnchoredKernel::read(kernel);
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

/// Elements, columns (the last dimension) and rows (the product of the others) of a tensor.
int64_t elementsOf(mlir::Value tensor);
int64_t columnsOf(mlir::Value tensor);
int64_t rowsOf(mlir::Value tensor);

/// Rows that one task takes: about 64 Ki elements, but at least 64 tasks when there are so many rows.
int64_t rowsPerTask(int64_t rows, int64_t columns);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_ANCHOREDKERNEL_H
