// The log for people: lines on stderr.
#ifndef HADAL_RUNTIME_PROGRAMS_TRAIN_PROGRESS_H
#define HADAL_RUNTIME_PROGRAMS_TRAIN_PROGRESS_H

#include "runtime/io/StepRecord.h"

#include <chrono>
#include <cstdint>

namespace hadal {

class Progress {
public:
  explicit Progress(int64_t steps) : steps(steps) {}

  /// Marks the beginning of the first step, for the estimate of the time left.
  void start(int64_t completedSteps);

  /// Reports a step: at most one line a second, besides the first step, the last, and those that evaluate. Allocates
  /// nothing.
  void report(const StepRecord &record);

private:
  using Clock = std::chrono::steady_clock;
  int64_t steps;
  int64_t firstStep = 0;
  Clock::time_point started, reported;
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_TRAIN_PROGRESS_H
