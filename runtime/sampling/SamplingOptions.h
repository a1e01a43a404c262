// How tokens are drawn, and what an option may be.
//
// The order in which options work, as in transformers and vLLM:
//
//   1. logits           mask of allowed tokens, logit bias, repetition penalty, presence and frequency penalties
//   2. temperature      0 takes the largest logit, and what follows does not matter
//   3. filters          top-k, then top-p of what is left, then min-p
//   4. the draw         among what is left
//
// llama.cpp has the temperature behind the filters by default: with one above 1 the same numbers keep fewer tokens
// there.
#ifndef HADAL_RUNTIME_SAMPLING_SAMPLINGOPTIONS_H
#define HADAL_RUNTIME_SAMPLING_SAMPLINGOPTIONS_H

#include <cstdint>
#include <utility>
#include <vector>

namespace hadal {

struct SamplingOptions {
  /// Logits are divided by it; 0 is greedy.
  double temperature = 1;
  /// So many tokens of the largest logits are kept; 0 keeps all.
  int64_t topK = 0;
  /// Of the tokens in falling order, the fewest whose probabilities add up to this are kept, one at least.
  double topP = 1;
  /// Tokens are kept whose probability is at least this share of the largest one.
  double minP = 0;
  /// Logits of tokens in the prompt or the text so far are divided by it where positive, multiplied where not; 1 does
  /// nothing.
  double repetitionPenalty = 1;
  /// Subtracted from the logit of every token in the text so far, once, and once per occurrence. The prompt does not
  /// count.
  double presencePenalty = 0, frequencyPenalty = 0;
  /// Added to logits of single tokens; minus infinity bans a token.
  std::vector<std::pair<int32_t, double>> logitBias = {};
  uint64_t seed = 0;
  /// The tokens that end a text are never drawn.
  bool ignoreEnd = false;
  /// How many of the likeliest tokens are reported with their log-probabilities.
  int64_t topLogProbabilities = 0;
};

/// Refuses options out of range, by the names that they have on the command line, for a vocabulary of that size.
void requireInRange(const SamplingOptions &options, int64_t vocabulary);

} // namespace hadal

#endif // HADAL_RUNTIME_SAMPLING_SAMPLINGOPTIONS_H
