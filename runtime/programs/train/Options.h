// The command line of a training program.
#ifndef HADAL_RUNTIME_PROGRAMS_TRAIN_OPTIONS_H
#define HADAL_RUNTIME_PROGRAMS_TRAIN_OPTIONS_H

#include "runtime/core/Program.h"
#include "runtime/core/Schedule.h"
#include "runtime/programs/MachineOptions.h"
#include "runtime/programs/TextData.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace hadal {

/// An empty path means that the option was not given.
struct TrainOptions {
  // data
  std::filesystem::path data, valid;
  TextOptions text;
  bool shuffle = false;
  int64_t globalBatchSize = 0; // 0: one micro-batch
  // length and schedule
  int64_t steps = 0;
  Schedule schedule;
  // optimizer
  double weightDecay = 0.1, clipNorm = 1.0, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;
  // DeepSeek-V3's recipe
  double predictionLossWeight = 0.3, balanceLossWeight = 1e-4, routerBiasRate = 1e-3;
  // weights
  std::filesystem::path load, save, exportTo;
  int64_t saveInterval = 0; // 0: only the last step
  unsigned keepCheckpoints = 2;
  bool resume = false;
  std::optional<uint64_t> seed;
  // evaluation
  int64_t evalInterval = 0;   // 0: only after the last step
  int64_t evalIterations = 0; // 0: the whole file
  // logs
  std::filesystem::path log, tensorboard, trace, saveGradients;
  // machine
  MachineOptions machine;
};

/// Where a run starts when no seed is given.
inline constexpr uint64_t defaultSeed = 1234;

/// Parses and checks the command line. Returns an exit code when there is nothing to run: after --help, or after an
/// error, which has then been reported.
std::optional<int> parseOptions(int argc, const char *const *argv, const Program &program, TrainOptions &options);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_TRAIN_OPTIONS_H
