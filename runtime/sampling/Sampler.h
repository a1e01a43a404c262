// From the logits of a row to a token.
//
// A token's weight is exp((logit - largest) / temperature) in steps of 2^-30: weights are integers, their sums are
// exact in any order, and nothing that is added in another order on another machine can draw another token. A token
// 2^30 times less likely than the likeliest is not drawn. Filters go by falling logit, equal ones by rising id; the
// draw walks over what they leave by rising id.
//
// The number that is drawn is keyed by what it is for (seed, prompt, sample, position): not by when, beside what, or in
// which slot.
#ifndef HADAL_RUNTIME_SAMPLING_SAMPLER_H
#define HADAL_RUNTIME_SAMPLING_SAMPLER_H

#include "runtime/sampling/SamplingOptions.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hadal {

/// What is drawn, beside the seed: which token of which text.
struct SampleKey {
  uint64_t prompt = 0;   // a number of the prompt
  uint32_t sample = 0;   // of several texts for one prompt
  uint32_t position = 0; // of the token in its sequence
  /// Of the prompt, instead of that of the options.
  std::optional<uint64_t> seed = {};
};

/// 64 bits that belong to a key.
uint64_t randomBits(uint64_t seed, const SampleKey &key);

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

/// Memory to draw in, which may serve one draw after the other of any samplers.
struct SamplingSpace {
  std::vector<float> logits, shares; // after penalties; of the largest weight
  std::vector<int32_t> weights;
  std::vector<uint32_t> counts; // of every token in the text so far; zeros between draws
  std::vector<uint64_t> order, kept;
};

/// Draws tokens of one vocabulary, as the options say.
class Sampler {
public:
  /// Fails with HADAL_EXIT_COMMAND_LINE when an option is out of range. `endTokens` end a text.
  Sampler(SamplingOptions options, int64_t vocabulary, std::span<const int32_t> endTokens);

  /// `allowed` has a bit for every token, 32 to a word from the lowest bit on, as grammars make them; nothing allows
  /// all. Fails with HADAL_EXIT_NON_FINITE when a logit is not finite, with HADAL_EXIT_INPUT when no token is allowed.
  SampledToken draw(std::span<const float> logits, const AcceptedTokens &accepted, const SampleKey &key,
                    SamplingSpace &space, std::span<const uint32_t> allowed = {}) const;

private:
  SamplingOptions options;
  size_t vocabulary;
  std::vector<int32_t> bannedTokens;

  bool changesLogits(std::span<const uint32_t> allowed) const;
  void adjust(std::span<const float> logits, const AcceptedTokens &accepted, std::span<const uint32_t> allowed,
              SamplingSpace &space) const;
  void penalize(const AcceptedTokens &accepted, SamplingSpace &space) const;
  int32_t drawFrom(std::span<const float> logits, float largest, const SampleKey &key, SamplingSpace &space) const;
  void filter(std::span<const float> logits, SamplingSpace &space) const;
  uint64_t findLast(std::span<const float> logits, SamplingSpace &space) const;
  std::vector<TokenProbability> likeliest(std::span<const float> logits, const struct LogSumExp &softmax) const;
};

} // namespace hadal

#endif // HADAL_RUNTIME_SAMPLING_SAMPLER_H
