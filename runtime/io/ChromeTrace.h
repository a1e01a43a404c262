// Chrome's trace format, which Perfetto opens: one slice for each launch on each thread.
#ifndef HADAL_RUNTIME_IO_CHROMETRACE_H
#define HADAL_RUNTIME_IO_CHROMETRACE_H

#include "runtime/core/CommandRecorder.h"
#include "runtime/core/MachineRates.h"

#include <filesystem>
#include <optional>
#include <string>

namespace hadal {

/// Whether the file begins as a trace that was written here.
bool isChromeTrace(const std::filesystem::path &path);

/// `process` names the row of threads, for example "step 2 of model tiny"; `rates` are for reports (hadalc
/// --report-trace), and a viewer passes over them.
void writeChromeTrace(const std::filesystem::path &path, const CommandRecorder &recorder, const std::string &process,
                      const std::optional<MachineRates> &rates);

} // namespace hadal

#endif // HADAL_RUNTIME_IO_CHROMETRACE_H
