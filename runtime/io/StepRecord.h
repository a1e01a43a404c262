// What a run reports about one step, to every log alike.
#ifndef HADAL_RUNTIME_IO_STEPRECORD_H
#define HADAL_RUNTIME_IO_STEPRECORD_H

#include <cstdint>
#include <optional>

namespace hadal {

struct StepRecord {
  int64_t step = 0; // counted from 1 at the beginning of training
  double loss = 0;
  double mainLoss = 0;
  double predictionLoss = 0; // of multi-token prediction, unweighted
  double balanceLoss = 0;    // unweighted
  double learningRate = 0;
  double gradientNorm = 0; // before clipping
  double tokensPerSecond = 0;
  std::optional<double> validationLoss = std::nullopt; // in steps that evaluate
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_STEPRECORD_H
