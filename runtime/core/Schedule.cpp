// The learning rate of each step.
#include "runtime/core/Schedule.h"

#include <cmath>
#include <numbers>

namespace hadal {

double Schedule::learningRate(int64_t step) const {
  if (step <= warmupSteps)
    return maximum * static_cast<double>(step) / static_cast<double>(warmupSteps);
  if (decay == DecayStyle::Constant)
    return maximum;
  if (step >= decaySteps)
    return minimum;
  double progress = static_cast<double>(step - warmupSteps) / static_cast<double>(decaySteps - warmupSteps);
  return minimum + (maximum - minimum) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

} // namespace hadal
