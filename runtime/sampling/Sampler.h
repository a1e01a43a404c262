// From the logits of a row to a token.
//
// Tokens are in order of falling logit, equal ones in order of rising id. Their weights exp((logit - largest) /
// temperature) are added in f32 in this order, and a number from 0 to the sum says which token is drawn. Since the
// largest weight is 1, weights below 2^-24 do not change such a sum: tokens that unlikely cannot be drawn, are not
// looked at, and sorting the others is what a draw costs.
//
// The number is keyed by what is drawn (seed, prompt, sample, position): not by when, beside what, or in which slot.
#ifndef HADAL_RUNTIME_SAMPLING_SAMPLER_H
#define HADAL_RUNTIME_SAMPLING_SAMPLER_H

#include "runtime/sampling/SamplingOptions.h"

#include <cstdint>
#include <span>
#include <vector>

namespace hadal {

/// What is drawn, beside the seed: which token of which text.
struct SampleKey {
  uint64_t prompt = 0;   // a number of the prompt
  uint32_t sample = 0;   // of several texts for one prompt
  uint32_t position = 0; // of the token in its sequence
};

/// A number in [0, 1) in steps of 2^-32.
double uniformOf(uint64_t seed, const SampleKey &key);

/// The tokens of a sequence that are settled: drafts that may still be refused are none of them.
struct AcceptedTokens {
  std::span<const int32_t> prompt, generated;
};

struct TokenProbability {
  int32_t token;
  float logProbability;
  bool operator==(const TokenProbability &) const = default;
};

/// A token and the log-probabilities that are reported: natural logarithms, of the model's own distribution, before
/// penalties, biases, masks, temperature and filters, as OpenAI's and vLLM's are. To the bit what `evaluate` computes.
struct SampledToken {
  int32_t token;
  float logProbability;
  std::vector<TokenProbability> best; // as many as were asked for, the likeliest first
};

/// Draws tokens of one vocabulary. Nothing is kept from one draw to the next but memory to work in.
class Sampler {
public:
  /// Fails with HADAL_EXIT_COMMAND_LINE when an option is out of range. `endTokens` end a text.
  Sampler(SamplingOptions options, int64_t vocabulary, std::span<const int32_t> endTokens);

  /// `allowed` has a bit for every token, 32 to a word from the lowest bit on, as grammars make them; nothing allows
  /// all. Fails with HADAL_EXIT_NON_FINITE when a logit is not finite, with HADAL_EXIT_INPUT when no token is allowed.
  SampledToken draw(std::span<const float> logits, const AcceptedTokens &accepted, const SampleKey &key,
                    std::span<const uint32_t> allowed = {});

private:
  SamplingOptions options;
  size_t vocabulary;
  std::vector<int32_t> bannedTokens;
  std::vector<float> adjusted, weights;
  std::vector<uint32_t> counts; // of every token in the text so far
  std::vector<uint64_t> candidates, sorted;

  bool changesLogits(std::span<const uint32_t> allowed) const;
  void adjust(std::span<const float> logits, const AcceptedTokens &accepted, std::span<const uint32_t> allowed);
  void penalize(const AcceptedTokens &accepted);
  int32_t drawFrom(std::span<const float> logits, float largest, const SampleKey &key);
  void sortCandidates();
  size_t filter(float &sum);
  std::vector<TokenProbability> likeliest(std::span<const float> logits, const struct LogSumExp &softmax) const;
};

} // namespace hadal

#endif // HADAL_RUNTIME_SAMPLING_SAMPLER_H
