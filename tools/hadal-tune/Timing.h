//===- Timing.h - how long a compiled kernel takes ----------------------------------------------------------------===//
//
// Runs kernels as a program does: buffers at cache lines in huge pages, tasks taken by the runtime's own team of
// threads, a barrier behind every step.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_TUNE_TIMING_H
#define HADAL_TOOLS_TUNE_TIMING_H

#include "codegen/Selection/Strategy.h"
#include "dialect/Reference/Tensor.h"
#include "runtime/core/Memory.h"
#include "runtime/devices/cpu/ThreadTeam.h"

namespace hadal::tune {

/// What a kernel runs on: its operands, whose numbers stay, its results, and workspace for the neediest choice.
class KernelBuffers {
public:
  KernelBuffers(KernelOp kernel, llvm::ArrayRef<reference::Tensor> inputs, int64_t workspace);

  /// Operands, results and workspace, which kernels without any do not look at.
  void *const *arguments() const { return addresses.data(); }
  /// Makes the results what no kernel computes.
  void spoilResults();
  /// The bytes of all results.
  std::vector<char> results() const;

private:
  std::vector<Mapping> buffers;
  size_t firstResult = 0, endResult = 0;
  llvm::SmallVector<void *> addresses;
};

/// A kernel's machine code under one configuration.
struct KernelCode {
  const KernelConfiguration *configuration;
  llvm::SmallVector<void *> stages;
};

class Stopwatch {
public:
  explicit Stopwatch(unsigned threads) : team(threads) {}

  /// Seconds of one run, the mean of so many.
  double time(const KernelCode &code, const KernelBuffers &buffers, int64_t runs);

private:
  ThreadTeam team;
  std::vector<Mapping> scratch;
};

} // namespace hadal::tune

#endif // HADAL_TOOLS_TUNE_TIMING_H
