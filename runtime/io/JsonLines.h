// The log for programs to read: one JSON object a line, one line a step.
#ifndef HADAL_RUNTIME_IO_JSONLINES_H
#define HADAL_RUNTIME_IO_JSONLINES_H

#include "runtime/io/File.h"
#include "runtime/io/StepRecord.h"

#include <filesystem>

namespace hadal {

class JsonLinesLog {
public:
  /// Goes on with the log of a former run: drops our lines of steps behind `completedSteps`, which are about to be
  /// written again, and the half of a line that a kill may leave at the end. The log of a resumed run then reads like
  /// that of an uninterrupted one; 0 starts it anew. Lines that are not ours stay where they are, empty ones too. Fails
  /// when the file holds something but no line of ours: it is no log, and is left as it is.
  JsonLinesLog(const std::filesystem::path &path, int64_t completedSteps);

  /// Writes one line and hands it to the kernel. Allocates nothing.
  void write(const StepRecord &record);

private:
  OutputFile file;
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_JSONLINES_H
