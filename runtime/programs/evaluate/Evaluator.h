// Scores a text: micro-batches of windows into `evaluate`, a log-probability per token out of it.
#ifndef HADAL_RUNTIME_PROGRAMS_EVALUATE_EVALUATOR_H
#define HADAL_RUNTIME_PROGRAMS_EVALUATE_EVALUATOR_H

#include "runtime/core/CommandRecorder.h"
#include "runtime/core/Session.h"
#include "runtime/io/TokenFile.h"
#include "runtime/programs/TokenWindows.h"
#include "runtime/programs/evaluate/Options.h"
#include "runtime/programs/evaluate/ScoreFile.h"
#include "runtime/programs/evaluate/Text.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace hadal {

/// What is known of a text when it has been scored.
struct Evaluation {
  uint64_t tokens = 0, documents = 0, windows = 0;
  double loss = 0;                    // the mean over all scored tokens, in nats
  std::optional<double> lossOfWholes; // what training logs as validation_loss, where it would read this file
  std::optional<double> bitsPerByte;  // of texts, over the bytes of the scored tokens
  double tokensPerSecond = 0;
};

class Evaluator {
public:
  /// Opens the data and loads the weights: whatever is wrong with the inputs is said here.
  Evaluator(const Program &program, const EvaluateOptions &options);

  /// Scores everything, writes and prints what was asked for. Returns the exit code.
  int run();

  /// Asks a running evaluation to end; may be called from a signal handler.
  static void interrupt();

private:
  EvaluateOptions options;
  Session session;
  uint32_t entry;
  TokenWindows shape;
  uint32_t lossTensor, scoresTensor;
  std::optional<Tokenizer> tokenizer; // where the text is encoded
  TokenFile data;
  Text text;
  std::vector<int32_t> batch;
  std::vector<float> scores;
  std::vector<Window> windows;               // of the current micro-batch
  std::unique_ptr<CommandRecorder> recorder; // of the traced one

  void describe() const;
  uint64_t countBytes(const Window &window) const;
  bool loadBatch(Text::Cursor &cursor);
  std::span<const float> scoresOf(size_t row) const;
  uint64_t countWholeBatches() const;
  std::optional<Evaluation> score(ScoreFile *output);
  void requireFinite(const Window &window, std::span<const float> row) const;
  void print(const Evaluation &evaluation) const;
  void writeTrace() const;
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_EVALUATE_EVALUATOR_H
