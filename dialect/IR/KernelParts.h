//===- KernelParts.h - what the body of a kernel is made of -------------------------------------------------------===//
//
// A kernel is made around one operation, its anchor. What the anchor reads is computed by the *prologue*, what becomes
// of its results by the *epilogue*:
//
//   hadal.kernel contraction @example(%x, %pairs, %rows, %w, %offsets, %y) {
//     %s = hadal.gather_rows %x, %pairs, %rows               prologue: %x is read where the gather points
//     %p = hadal.grouped_matmul %s, %w, %offsets             anchor
//     %r = arith.addf %p, %y                                 epilogue: %y is read element by element
//     hadal.yield %r
//   }
//
// Fusion knows all this when it makes a kernel, and leaves it on the kernel as `parts`; of a kernel without the
// attribute it is derived. Where both are there they agree: KernelOp's verifier sees to it. Rowwise kernels have no
// anchor: all of their body counts as epilogue.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_KERNELPARTS_H
#define HADAL_DIALECT_IR_KERNELPARTS_H

#include "dialect/IR/Hadal.h"
#include <optional>

namespace hadal {

/// How a tensor is read by what computes a tensor of shape `space` from it, expansions included: its element at that
/// place, a row that all rows share, a number per row, or one number. Nothing for a tensor that repeats in another way
/// (a matrix for every sample).
std::optional<Access> findAccess(mlir::RankedTensorType tensor, mlir::RankedTensorType space);

struct KernelParts {
  /// Null in a rowwise kernel, and where the body holds several operations that could be it.
  mlir::Operation *anchor = nullptr;
  llvm::SmallVector<mlir::Operation *> prologue, epilogue;
  /// Per argument: every way in which it is read; no way where nothing reads it, or in a way that has no name.
  llvm::SmallVector<Access> accesses;

  /// Takes a body apart.
  static KernelParts derive(KernelOp kernel);

  /// As the attribute `parts` of the kernel.
  KernelPartsAttr toAttribute(KernelOp kernel) const;
};

} // namespace hadal

#endif // HADAL_DIALECT_IR_KERNELPARTS_H
