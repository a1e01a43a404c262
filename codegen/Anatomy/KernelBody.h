//===- KernelBody.h - what is asked of the body of any kernel -----------------------------------------------------===//
//
// A strategy serves a kernel only when it knows every operation of the body and how every tensor in it is read. The
// analyses beside this file (Contraction.h, AnchoredKernel.h, Head.h, RowProgram.h), one for each form of body and the
// same for all targets, look at the whole body before they say so; KernelAnatomy.h runs the one that a kernel's kind
// asks for. What they find in the way they note in `Refusals`, which become the diagnostic when nothing serves the
// kernel.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_KERNELBODY_H
#define HADAL_CODEGEN_ANATOMY_KERNELBODY_H

#include "dialect/IR/Hadal.h"

namespace hadal {

/// Why strategies do not serve a kernel: at which operation, and what stands in the way.
class Refusals {
public:
  /// Notes a reason, once however many strategies give it, and answers with failure. The operation may stand in a copy
  /// of the kernel.
  mlir::LogicalResult add(mlir::Operation *op, const llvm::Twine &why);
  /// Takes over what another list holds.
  void add(const Refusals &others);
  bool empty() const { return reasons.empty(); }
  /// All reasons in one line.
  std::string text() const;
  /// A note per reason.
  void attachTo(mlir::InFlightDiagnostic &diagnostic) const;

private:
  llvm::SmallVector<std::pair<mlir::Location, std::string>, 1> reasons;
};

/// Whether the body is something that any strategy could look at: bound parameters, tensors of closed shapes with
/// elements, no control flow; f32, bf16 and i32 in memory, truth values besides in between.
mlir::LogicalResult checkKernelBody(KernelOp kernel, Refusals &refusals);

/// What is added to a result of a kernel's operation.
struct Accumulated {
  /// The argument of the kernel (-1: none), and the one that says by 0 that it does not count (-1: it always does).
  int64_t argument = -1, condition = -1;
  bool exists() const { return argument >= 0; }
};

/// What a sum adds to `term`; failure when it is no argument of the kernel.
mlir::FailureOr<Accumulated> readAccumulated(SumOpInterface sum, mlir::Value term);

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_KERNELBODY_H
