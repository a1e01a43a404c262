// Chrome's trace format, which Perfetto opens: one slice for each launch on each thread.
#ifndef HADAL_RUNTIME_IO_CHROMETRACE_H
#define HADAL_RUNTIME_IO_CHROMETRACE_H

#include "runtime/core/CommandRecorder.h"

#include <filesystem>
#include <string>

namespace hadal {

/// Whether the file begins as a trace that was written here.
bool isChromeTrace(const std::filesystem::path &path);

/// `process` names the row of threads, for example "step 2 of model tiny".
void writeChromeTrace(const std::filesystem::path &path, const CommandRecorder &recorder, const std::string &process);

} // namespace hadal

#endif // HADAL_RUNTIME_IO_CHROMETRACE_H
