//===- AnchoredKernel.h - kernels of one operation ----------------------------------------------------------------===//
//
// Reduction, routing and update kernels, and those of attention on a cache, hold one operation, the anchor; a float
// result may be added to an operand of the kernel (a gradient's buffer), which is then read and written in one pass.
// What the anchor says it widens or rounds (KernelOpInterface) may lie in memory as bf16, with the conversion in the
// kernel's body. Beside a result the kernel may yield copies of it: rounded, in another layout (hadal.pack), or both,
// for the kernels that read it so. This file reads such kernels; the frame of their strategies is
// codegen/Emit/AnchoredFrame.h.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_ANCHOREDKERNEL_H
#define HADAL_CODEGEN_ANATOMY_ANCHOREDKERNEL_H

#include "codegen/Anatomy/KernelBody.h"

namespace hadal {

struct AnchoredKernel {
  mlir::Operation *anchor = nullptr;
  /// Per operand of the anchor: which operand of the kernel it is.
  llvm::SmallVector<unsigned> operands;
  /// Per result of the anchor: which result of the kernel it is (-1: none), and what is added to it.
  llvm::SmallVector<int64_t> results;
  llvm::SmallVector<Accumulated> accumulated;
  /// What is yielded besides: which result of the kernel it is, and of which result of the anchor it is a copy.
  struct Copy {
    unsigned result = 0, source = 0;
  };
  llvm::SmallVector<Copy> copies;

  /// Reads a kernel; failure, with the reason in `refusals`, when it has another form or other element types than f32,
  /// i32 and, at conversions, bf16.
  static mlir::FailureOr<AnchoredKernel> read(KernelOp kernel, Refusals &refusals);

private:
  /// The operand of the kernel behind an operand of the anchor; adds the conversion on the way to what was read.
  mlir::FailureOr<unsigned> readOperand(mlir::OpOperand &use, llvm::SmallPtrSetImpl<mlir::Operation *> &read);
  /// What is yielded: a result of the anchor, its sum with an operand of the kernel, or its rounding; each result once.
  mlir::LogicalResult readResult(mlir::OpOperand &yielded, llvm::SmallPtrSetImpl<mlir::Operation *> &read);
  /// Whether what is yielded is a copy of a result that is yielded before.
  bool readCopy(mlir::OpOperand &yielded, llvm::SmallPtrSetImpl<mlir::Operation *> &read);
};

/// Elements, columns (the last dimension) and rows (the product of the others) of a tensor.
int64_t elementsOf(mlir::Value tensor);
int64_t columnsOf(mlir::Value tensor);
int64_t rowsOf(mlir::Value tensor);

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_ANCHOREDKERNEL_H
