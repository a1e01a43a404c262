// Formatting of progress in a buffer on the stack.
#include "runtime/programs/train/Progress.h"

#include "runtime/programs/Report.h"

#include <algorithm>
#include <cstdio>
#include <sys/resource.h>

namespace hadal {

void Progress::start(int64_t completedSteps) {
  firstStep = completedSteps + 1;
  started = reported = Clock::now();
}

/// "2h05m", "3m07s" or "12s".
static void formatDuration(double seconds, char *text, size_t size) {
  long long total = static_cast<long long>(seconds + 0.5);
  if (total >= 3600)
    std::snprintf(text, size, "%lldh%02lldm", total / 3600, total / 60 % 60);
  else if (total >= 60)
    std::snprintf(text, size, "%lldm%02llds", total / 60, total % 60);
  else
    std::snprintf(text, size, "%llds", total);
}

static double peakMemoryGigabytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20); // counted in KiB
}

void Progress::report(const StepRecord &record) {
  Clock::time_point now = Clock::now();
  bool due = now - reported >= std::chrono::seconds(1);
  if (!due && record.step != firstStep && record.step != steps && !record.validationLoss)
    return;
  reported = now;
  double perStep =
      std::chrono::duration<double>(now - started).count() / static_cast<double>(record.step - firstStep + 1);
  char left[32], validation[48] = "";
  formatDuration(perStep * static_cast<double>(std::max<int64_t>(0, steps - record.step)), left, sizeof left);
  if (record.validationLoss)
    std::snprintf(validation, sizeof validation, " | validation %.4f", *record.validationLoss);
  char line[512];
  int length = std::snprintf(
      line, sizeof line,
      "step %lld/%lld | loss %.4f (main %.4f)%s | lr %.3g | gradient norm %.3g | %.0f tokens/s | "
      "%s left | peak memory %.2f GiB",
      static_cast<long long>(record.step), static_cast<long long>(steps), record.loss, record.mainLoss, validation,
      record.learningRate, record.gradientNorm, record.tokensPerSecond, left, peakMemoryGigabytes());
  writeMessage({line, std::min<size_t>(sizeof line - 1, static_cast<size_t>(std::max(0, length)))});
}

} // namespace hadal
