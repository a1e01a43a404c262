//===- Runner.h - compiles kernels into this process and runs them ------------------------------------------------===//
//
// Takes kernels the whole way to an object file, as hadalc does, links the object into this process and runs stages as
// the runtime would: step after step, tasks spread over threads.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_RUNNER_H
#define HADAL_TOOLS_CHECK_KERNELS_RUNNER_H

#include "codegen/Strategies/Strategy.h"
#include "dialect/Reference/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "tools/hadal-check-kernels/GuardedBuffer.h"

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace hadal::check {

/// The machine code of a module's kernels.
class CompiledKernels {
public:
  /// Lowers every kernel of the module (which carry configurations). A file name asks for the assembly.
  static mlir::FailureOr<CompiledKernels> compile(mlir::ModuleOp module, const TargetDescription &target,
                                                  llvm::StringRef assemblyFile);
  ~CompiledKernels();
  CompiledKernels(CompiledKernels &&);

  using Stage = void (*)(void *const *, int64_t, int64_t, int64_t, void *);
  mlir::FailureOr<Stage> lookUp(KernelOp kernel, const StageSpec &stage);

private:
  explicit CompiledKernels(std::unique_ptr<llvm::orc::LLJIT> jit);
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

/// How a kernel is run.
struct RunOptions {
  unsigned threads = 1;
  /// Nonzero: tasks run in an order shuffled by this seed, one at a time.
  uint64_t shuffle = 0;
  Side side = Side::Right;
  /// Result i lies in the buffer of operand tied[i]; -1: in its own.
  llvm::SmallVector<int64_t> tied;
  /// Runs the kernel this many times more and reports the fastest, in nanoseconds.
  unsigned repeat = 0;
  double *fastest = nullptr;
};

/// Runs a kernel on the inputs; integers and floats are converted to the element types of its operands.
mlir::FailureOr<llvm::SmallVector<reference::Tensor>> runKernel(CompiledKernels &kernels, KernelOp kernel,
                                                                llvm::ArrayRef<reference::Tensor> inputs,
                                                                const RunOptions &options);

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_RUNNER_H
