// The ranges of options for sampling.
#include "runtime/sampling/SamplingOptions.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

namespace hadal {

/// What is out of range is no number, infinite, or not between the two.
static void requireBetween(double value, double lowest, double highest, std::string_view option,
                           std::string_view meaning) {
  if (!(value >= lowest && value <= highest)) // NaN compares false
    fail(HADAL_EXIT_COMMAND_LINE, option, ": expected ", meaning, " from ", lowest, " to ", highest, ", not ", value);
}

static void requireBias(const std::vector<std::pair<int32_t, double>> &biases, int64_t vocabulary) {
  std::vector<int32_t> tokens;
  for (const auto &[token, bias] : biases) {
    if (token < 0 || token >= vocabulary)
      fail(HADAL_EXIT_COMMAND_LINE, "--logit-bias: there is no token ", token, ", the vocabulary has ", vocabulary,
           ", from 0 on");
    if (bias != -std::numeric_limits<double>::infinity() && !(std::abs(bias) <= 100))
      fail(HADAL_EXIT_COMMAND_LINE, "--logit-bias: expected a number from -100 to 100 for token ", token,
           ", or -inf to ban it, not ", bias);
    tokens.push_back(token);
  }
  std::ranges::sort(tokens);
  if (auto twice = std::ranges::adjacent_find(tokens); twice != tokens.end())
    fail(HADAL_EXIT_COMMAND_LINE, "--logit-bias: token ", *twice, " has more than one bias; add them up to one");
}

void requireInRange(const SamplingOptions &options, int64_t vocabulary) {
  requireBetween(options.temperature, 0, 1000, "--temperature", "a number (0: always the likeliest token)");
  if (options.topK < 0)
    fail(HADAL_EXIT_COMMAND_LINE, "--top-k: expected a number of tokens (0: all of them), not ", options.topK);
  requireBetween(options.topP, 0, 1, "--top-p", "a probability");
  requireBetween(options.minP, 0, 1, "--min-p", "a share of the largest probability");
  requireBetween(options.repetitionPenalty, 0.01, 100, "--repetition-penalty", "a number (1: none)");
  requireBetween(options.presencePenalty, -100, 100, "--presence-penalty", "a number (0: none)");
  requireBetween(options.frequencyPenalty, -100, 100, "--frequency-penalty", "a number (0: none)");
  requireBias(options.logitBias, vocabulary);
  if (options.topLogProbabilities < 0 || options.topLogProbabilities > vocabulary)
    fail(HADAL_EXIT_COMMAND_LINE, "--top-logprobs: expected a number of tokens from 0 to ", vocabulary,
         ", the size of the vocabulary, not ", options.topLogProbabilities);
}

} // namespace hadal
