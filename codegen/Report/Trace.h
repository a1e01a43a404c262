//===- Trace.h - the times of a run, from the trace that it wrote -------------------------------------------------===//
//
// Reads what `./train --trace FILE` writes, Chrome's trace format, and adds up what each launch of a program took: from
// the moment when its first thread begins to that when its last one ends. A trace of another program is refused.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_REPORT_TRACE_H
#define HADAL_CODEGEN_REPORT_TRACE_H

#include "codegen/Report/ProgramFacts.h"

namespace hadal {

struct MeasuredEntry {
  /// How often it was run, and seconds from the first command's begin to the last one's end, over all runs.
  int64_t runs = 0;
  double seconds = 0;
  /// Of each launch, in the order of EntryFacts, over all runs; of what else the entry point does (copies).
  std::vector<double> launches;
  double others = 0;
};

/// How fast the machine was in that run, of all threads together, per second: MachineRates of the runtime.
struct MeasuredRates {
  double memoryBytes = 0, cacheBytes = 0, multiplyAdds = 0;
};

struct MeasuredRun {
  /// "step 2 of model tiny".
  std::string name;
  int64_t threads = 0;
  /// In the order of ProgramFacts.
  std::vector<MeasuredEntry> entries;
  /// Where the device could tell.
  std::optional<MeasuredRates> rates;
};

llvm::Expected<MeasuredRun> readTrace(llvm::StringRef path, const ProgramFacts &program);

} // namespace hadal

#endif // HADAL_CODEGEN_REPORT_TRACE_H
