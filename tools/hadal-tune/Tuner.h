//===- Tuner.h - times what could be chosen for a kernel ----------------------------------------------------------===//
//
// Compiles a kernel under every candidate, compares the bits of what they compute, and times them in turns.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_TUNE_TUNER_H
#define HADAL_TOOLS_TUNE_TUNER_H

#include "codegen/Selection/Select.h"
#include "tools/hadal-tune/Timing.h"

namespace hadal::tune {

struct TuningOptions {
  unsigned threads = 1;
  /// Rounds in which every candidate is timed once, and the candidates that are tried (0: all).
  unsigned repeat = 7, candidates = 16;
  /// A line per candidate on stderr: its times, predicted and measured.
  bool printTimes = false;
};

/// What was found for a kernel.
struct Tuned {
  Selection selection;
  /// Medians of what is selected without a file, of the fastest other (or itself), and of what is chosen of the two;
  /// how many candidates were timed.
  double selectedSeconds = 0, fastestSeconds = 0, seconds = 0;
  unsigned timed = 0;
};

class Tuner {
public:
  Tuner(const TargetDescription &target, const TuningOptions &options)
      : target(target), options(options), stopwatch(options.threads) {}

  /// Times the candidates of a kernel. Fails after a diagnostic, also when two of them compute other bits; gives
  /// nothing when `isInterrupted` says so.
  mlir::FailureOr<std::optional<Tuned>> tune(KernelOp kernel, llvm::function_ref<bool()> isInterrupted);

private:
  struct Contender;
  mlir::FailureOr<std::vector<Contender>> findContenders(KernelOp kernel);
  mlir::LogicalResult compareBits(KernelOp kernel, llvm::MutableArrayRef<Contender> contenders, KernelBuffers &buffers);
  static void print(llvm::ArrayRef<Contender> contenders);
  bool takeTurns(llvm::MutableArrayRef<Contender> contenders, const KernelBuffers &buffers,
                 llvm::function_ref<bool()> isInterrupted);

  const TargetDescription &target;
  TuningOptions options;
  Stopwatch stopwatch;
};

} // namespace hadal::tune

#endif // HADAL_TOOLS_TUNE_TUNER_H
