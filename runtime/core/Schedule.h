// The learning rate of each step: linear warm-up, then constant or cosine decay to a minimum.
#ifndef HADAL_RUNTIME_CORE_SCHEDULE_H
#define HADAL_RUNTIME_CORE_SCHEDULE_H

#include <cstdint>

namespace hadal {

enum class DecayStyle { Constant, Cosine };

struct Schedule {
  double maximum = 0;
  double minimum = 0;
  int64_t warmupSteps = 0;
  DecayStyle decay = DecayStyle::Constant;
  int64_t decaySteps = 0; // the step at which the minimum is reached, counted from the beginning of training

  /// Of step 1, 2, ...: during warm-up maximum * step / warmupSteps; afterwards, with cosine decay,
  /// minimum + (maximum - minimum) (1 + cos(pi progress)) / 2, progress going from 0 at the end of warm-up to 1.
  double learningRate(int64_t step) const;

  bool operator==(const Schedule &) const = default;
};

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_SCHEDULE_H
