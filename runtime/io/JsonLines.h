// The log for programs to read: one JSON object a line, one line a step.
#ifndef HADAL_RUNTIME_IO_JSONLINES_H
#define HADAL_RUNTIME_IO_JSONLINES_H

#include "runtime/io/File.h"
#include "runtime/io/StepRecord.h"

#include <filesystem>

namespace hadal {

class JsonLinesLog {
public:
  /// Keeps the lines of a former run up to `completedSteps` and drops those behind, which are about to be written
  /// again: the log of a resumed run reads like that of an uninterrupted one. 0 starts a new file.
  JsonLinesLog(const std::filesystem::path &path, int64_t completedSteps);

  /// Writes one line and hands it to the kernel. Allocates nothing.
  void write(const StepRecord &record);

private:
  OutputFile file;
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_JSONLINES_H
