// The training loop: micro-batches into `accumulate`, one `gradient_norm` and `update`, evaluation, logs, checkpoints.
#ifndef HADAL_RUNTIME_PROGRAMS_TRAIN_TRAINER_H
#define HADAL_RUNTIME_PROGRAMS_TRAIN_TRAINER_H

#include "runtime/core/Error.h"
#include "runtime/core/Session.h"
#include "runtime/io/CheckpointFolder.h"
#include "runtime/io/JsonLines.h"
#include "runtime/io/TensorBoard.h"
#include "runtime/io/TokenFile.h"
#include "runtime/programs/TokenWindows.h"
#include "runtime/programs/train/Options.h"
#include "runtime/programs/train/Progress.h"

#include <memory>
#include <optional>
#include <vector>

namespace hadal {

/// What a file of --save-gradients says of itself.
constexpr const char *contentsOfGradients = "gradients";

class Trainer {
public:
  /// Opens the data, gives the parameters their values, and opens the logs: whatever can fail fails here.
  Trainer(const struct hadal_program &descriptor, const TrainOptions &options);

  /// Runs the steps that are left, with everything the options ask for. Returns the exit code.
  int run();

  /// One step, its evaluation and its line in the logs, without checkpoints. Allocates nothing.
  void step();

  Session &session() { return programSession; }
  int64_t completedSteps() const { return state.step; }

  /// Asks a running loop to end after the current step; may be called from a signal handler.
  static void interrupt();

private:
  TrainOptions options;
  Session programSession;
  uint32_t accumulateEntry, gradientNormEntry, updateEntry;
  TokenWindows windows; // of a micro-batch
  std::optional<uint32_t> evaluateEntry;
  std::optional<Tokenizer> tokenizer; // where texts are encoded
  TokenFile trainingData;
  Samples trainingSamples;
  std::optional<TokenFile> validationData;
  std::optional<TokenWindows> validationWindows;
  std::vector<int32_t> batch; // what the windows of one run hold
  TrainerState state;
  int64_t savedStep = -1; // the step of the newest checkpoint of this run
  std::unique_ptr<CheckpointFolder> checkpoints;
  std::unique_ptr<JsonLinesLog> log;
  std::unique_ptr<TensorBoardLog> tensorBoard;
  std::unique_ptr<CommandRecorder> recorder;
  int64_t tracedStep = 0;
  Progress progress;

  const Program &program() const { return programSession.program(); }
  void checkInputs();
  void checkOutputFolders() const;
  void checkOutputFiles() const;
  void requireSamples(const Samples &samples, const TokenFile &file, int64_t length, int64_t needed,
                      const char *what) const;
  std::optional<int64_t> findCheckpoint() const;
  void initialize();
  void resume(int64_t step);
  void openLogs();
  void describe() const;

  void setScalars(int64_t step);
  void loadBatch(const TokenWindows &into, const Samples &samples, const SampleOrder &order, uint64_t position);
  void accumulate(StepRecord &record, CommandRecorder *launches);
  void requireFinite(const char *what, double value, int64_t step);
  void requireFiniteParameters(const char *refused) const;
  std::string adviseAgainst(const NonFiniteElement &found) const;
  std::string describeLastCheckpoint() const;
  void saveGradients(const StepRecord &record);
  std::optional<double> evaluate();
  bool evaluatesAfter(int64_t step) const;
  void save();
  void writeTrace();
  template <class Part> void runOrSave(Part part);
  [[noreturn]] void saveAndFail(const Error &cause);
  void trainSteps();
  int reportInterruption();
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_TRAIN_TRAINER_H
