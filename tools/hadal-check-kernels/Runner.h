//===- Runner.h - compiles kernels into this process and runs them ------------------------------------------------===//
//
// Takes kernels the whole way to an object file, as hadalc does, links the object into this process and runs stages as
// the runtime would (Stages.h).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_RUNNER_H
#define HADAL_TOOLS_CHECK_KERNELS_RUNNER_H

#include "codegen/Selection/Strategy.h"
#include "dialect/Reference/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "tools/hadal-check-kernels/Stages.h"

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace hadal::check {

/// A module of the functions of all kernels (those for a GPU in a gpu.module), as their strategies emit them; null
/// after a diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> lowerKernels(mlir::ModuleOp module, const TargetDescription &target);

/// The machine code of a module's kernels.
class CompiledKernels {
public:
  /// Lowers every kernel of the module (which carry configurations). A file name asks for the assembly.
  static mlir::FailureOr<CompiledKernels> compile(mlir::ModuleOp module, const TargetDescription &target,
                                                  llvm::StringRef assemblyFile);
  ~CompiledKernels();
  CompiledKernels(CompiledKernels &&);

  /// The address of a stage's function.
  mlir::FailureOr<void *> lookUp(KernelOp kernel, const StageSpec &stage);

private:
  explicit CompiledKernels(std::unique_ptr<llvm::orc::LLJIT> jit);
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

/// Whether functions for all stages of the kernel stand in a gpu.module beside it already: such a kernel, written by
/// hand, is neither selected nor lowered.
bool hasCode(KernelOp kernel);

/// Runs a kernel on the inputs; integers and floats are converted to the element types of its operands.
mlir::FailureOr<llvm::SmallVector<reference::Tensor>> runKernel(CompiledKernels &kernels, KernelOp kernel,
                                                                llvm::ArrayRef<reference::Tensor> inputs,
                                                                const RunOptions &options);

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_RUNNER_H
