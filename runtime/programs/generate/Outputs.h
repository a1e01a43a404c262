// What a run leaves: continuations as lines of JSON, logits as tensors, statistics.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_OUTPUTS_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_OUTPUTS_H

#include "runtime/io/File.h"
#include "runtime/programs/generate/Quality.h"
#include "runtime/programs/generate/Sequence.h"
#include "runtime/programs/generate/Steps.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hadal {

/// What a file of --logits says of itself.
constexpr const char *contentsOfLogits = "logits";

/// Whether the file holds continuations, as -o writes them, and nothing else.
bool isContinuations(const std::filesystem::path &path);

/// A line for each sequence: id, text, tokens, finish_reason; which sample of its prompt it is, where there are
/// several; log-probabilities of its tokens and of the likeliest ones, where these are kept. With prompts all of that
/// begins with the prompt's, and says how many tokens are.
std::string describeContinuations(std::span<const Sequence> sequences, bool withPrompts);

/// `N.logits`, `N.log_probabilities` and `N.tokens` of what sequence N generated, and, where tokens were drafted, in
/// `N.drafts` what was drafted in the place of each (-1: nothing) and in `N.draft_log_probabilities` what probability
/// the token had there. The file is there when it is complete, or not at all.
class LogitsFile {
public:
  explicit LogitsFile(const std::filesystem::path &path) : output(path) {}
  void finish(std::span<const Sequence> sequences, int64_t vocabulary);

private:
  ReplacingFile output;
};

/// Drafts that have been verified.
struct DraftCounts {
  /// Passes over a sequence, and of the drafts at each place behind its last token, how many were right; a draft behind
  /// a wrong one is wrong.
  int64_t passes = 0;
  std::vector<int64_t> drafted, accepted;

  void add(size_t drafts, size_t right);
};

/// How long a run took, and for what.
struct Statistics {
  int64_t sequences = 0, promptTokens = 0, generatedTokens = 0, decodeSteps = 0;
  /// Tokens of prompts that the caches held already.
  int64_t sharedTokens = 0;
  /// Of a single text, why it ended.
  std::optional<Finish> finish;
  /// Seconds until the first token of the first sequence, and in all steps of either kind.
  double firstToken = 0, prefill = 0, decode = 0;
  DraftCounts drafts;
  /// With --quality.
  std::optional<QualityFigures> quality;
};

/// With what drafts were worth where tokens were drafted.
std::string describeStatistics(const Statistics &statistics, const Steps &steps, bool asJson);

/// What the program needs of memory: weights, caches, and how many sequences of which length they hold.
std::string describePlan(const Program &program, const Steps &steps, unsigned threads);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_OUTPUTS_H
