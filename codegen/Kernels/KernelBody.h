//===- KernelBody.h - what is asked of the body of any kernel -----------------------------------------------------===//
//
// A strategy serves a kernel only when it knows every operation of the body and how every tensor in it is read. The
// analyses (Strategies/Contraction.h, Head.h, Attention.h and RowProgram.h, AnchoredKernel.h beside this file), one for
// each form of body and the same for all targets, look at the whole body before they say so. What they find in the way
// they note in `Refusals`, which become the diagnostic when nothing serves the kernel.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_KERNELS_KERNELBODY_H
#define HADAL_CODEGEN_KERNELS_KERNELBODY_H

#include "dialect/IR/Hadal.h"
#include <optional>

namespace hadal {

/// Why strategies do not serve a kernel: at which operation, and what stands in the way.
class Refusals {
public:
  /// Notes a reason, once however many strategies give it, and answers with failure. The operation may stand in a copy
  /// of the kernel.
  mlir::LogicalResult add(mlir::Operation *op, const llvm::Twine &why);
  bool empty() const { return reasons.empty(); }
  /// A note per reason.
  void attachTo(mlir::InFlightDiagnostic &diagnostic) const;

private:
  llvm::SmallVector<std::pair<mlir::Location, std::string>, 1> reasons;
};

/// Whether the body is something that any strategy could look at: bound parameters, tensors of closed shapes with
/// elements, no control flow; f32, bf16 and i32 in memory, truth values besides in between.
mlir::LogicalResult checkKernelBody(KernelOp kernel, Refusals &refusals);

/// How a tensor is read at a place (row, column) of a space of rows: the element at that place, one row that all rows
/// share, a number per row, or one number.
enum class Access { Element, SharedRow, NumberPerRow, Number };

/// How a tensor is read by what computes a tensor of shape `space` from it, expansions included. Nothing for a tensor
/// that repeats in another way (a matrix for every sample).
std::optional<Access> findAccess(mlir::RankedTensorType tensor, mlir::RankedTensorType space);

} // namespace hadal

#endif // HADAL_CODEGEN_KERNELS_KERNELBODY_H
