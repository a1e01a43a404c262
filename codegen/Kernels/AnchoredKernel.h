//===- AnchoredKernel.h - kernels of one operation ----------------------------------------------------------------===//
//
// Reduction, routing and update kernels hold one operation, the anchor; a float result may be added to an operand of
// the kernel (a gradient's buffer), which is then read and written in one pass. What the anchor says it widens or
// rounds (KernelOpInterface) may lie in memory as bf16, with the conversion in the kernel's body. This file reads such
// kernels and finds the buffers of the anchor's operands and results; the frames of their strategies are
// CPU/AnchoredStrategy.h and NVPTX/GPUAnchoredStrategy.h.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_KERNELS_ANCHOREDKERNEL_H
#define HADAL_CODEGEN_KERNELS_ANCHOREDKERNEL_H

#include "codegen/Kernels/KernelBuilder.h"

namespace hadal {

struct AnchoredKernel {
  mlir::Operation *anchor = nullptr;
  /// Per operand of the anchor: which operand of the kernel it is.
  llvm::SmallVector<unsigned> operands;
  /// Per result of the anchor: which result of the kernel it is (-1: none), and which operand of the kernel is added to
  /// it (-1: none).
  llvm::SmallVector<int64_t> results, accumulated;

  /// Reads a kernel; failure, with the reason in `refusals`, when it has another form or other element types than f32,
  /// i32 and, at conversions, bf16.
  static mlir::FailureOr<AnchoredKernel> read(KernelOp kernel, Refusals *refusals = nullptr);

private:
  /// The operand of the kernel behind an operand of the anchor; adds the conversion on the way to what was read.
  mlir::FailureOr<unsigned> readOperand(mlir::OpOperand &use, llvm::SmallPtrSetImpl<mlir::Operation *> &read);
  /// What is yielded: a result of the anchor, its sum with an operand of the kernel, or its rounding; each result once.
  mlir::LogicalResult readResult(mlir::OpOperand &yielded, llvm::SmallPtrSetImpl<mlir::Operation *> &read);
};

/// The buffers of an anchored kernel, as a stage of either target sees them.
class AnchorBuffers {
public:
  using Value = mlir::Value;
  AnchorBuffers(KernelBuilder &k, KernelOp kernel, const AnchoredKernel &anchored,
                const KernelConfiguration &configuration)
      : k(k), configuration(configuration), kernel(kernel), anchored(anchored) {}

  KernelBuilder &k;
  const KernelConfiguration &configuration;

  /// The buffer of an operand of the anchor, and the same as numbers that are f32 or widened to it when loaded.
  Value operand(unsigned index) { return k.argument(anchored.operands[index]); }
  TypedPointer numbers(unsigned index) { return k.typedArgument(kernel, anchored.operands[index]); }
  bool hasResult(unsigned index) const { return anchored.results[index] >= 0; }
  bool isAccumulated(unsigned index) const { return anchored.accumulated[index] >= 0; }
  /// The buffer of a result of the anchor, and that of the operand that it is added to.
  Value result(unsigned index) { return k.argument(kernel.getNumArguments() + anchored.results[index]); }
  /// A result of floating-point type as numbers that are rounded, where memory is narrower than f32, when stored.
  TypedPointer resultNumbers(unsigned index) {
    return k.typedArgument(kernel, kernel.getNumArguments() + anchored.results[index]);
  }
  Value accumulatedOperand(unsigned index) { return k.argument(anchored.accumulated[index]); }
  Value workspace() { return k.argument(kernel.getNumArguments() + kernel.getNumResults()); }

private:
  KernelOp kernel;
  const AnchoredKernel &anchored;
};

/// Elements, columns (the last dimension) and rows (the product of the others) of a tensor.
int64_t elementsOf(mlir::Value tensor);
int64_t columnsOf(mlir::Value tensor);
int64_t rowsOf(mlir::Value tensor);

} // namespace hadal

#endif // HADAL_CODEGEN_KERNELS_ANCHOREDKERNEL_H
