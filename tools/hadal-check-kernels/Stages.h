//===- Stages.h - runs the stages of a compiled kernel ------------------------------------------------------------===//
//
// As the runtime would: step after step, on a CPU with tasks spread over threads, a GPU's in the emulator.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_STAGES_H
#define HADAL_TOOLS_CHECK_KERNELS_STAGES_H

#include "codegen/Selection/Strategy.h"
#include "tools/hadal-check-kernels/GuardedBuffer.h"

namespace hadal::check {

/// How a kernel is run.
struct RunOptions {
  unsigned threads = 1;
  /// Nonzero: tasks (CPU) or clusters and their threads (GPU) run in an order shuffled by this seed.
  uint64_t shuffle = 0;
  Side side = Side::Right;
  /// Result i lies in the buffer of operand tied[i]; -1: in its own.
  llvm::SmallVector<int64_t> tied;
  /// Runs the kernel this many times more and reports the fastest, in nanoseconds.
  unsigned repeat = 0;
  double *fastest = nullptr;
};

/// What a kernel runs on.
struct KernelMemory {
  std::vector<GuardedBuffer> buffers;
  /// Whether the kernel may write buffer i.
  std::vector<bool> writable;
  /// Operands, results, workspace.
  llvm::SmallVector<void *> arguments;
};

class StageRunner {
public:
  virtual ~StageRunner() = default;
  /// Runs all steps of the kernel; a diagnostic on the kernel after a fault.
  virtual mlir::LogicalResult run(KernelMemory &memory) = 0;

  /// `functions`: the code of each stage.
  static std::unique_ptr<StageRunner> create(KernelOp kernel, const KernelConfiguration &configuration,
                                             llvm::ArrayRef<void *> functions, const RunOptions &options);
};

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_STAGES_H
