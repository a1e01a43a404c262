// Penalties, filters and the draw.
#include "runtime/sampling/Sampler.h"

#include "runtime/core/Error.h"
#include "runtime/core/Initializer.h"
#include "runtime/sampling/LogSumExp.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace hadal {

static constexpr float banned = -std::numeric_limits<float>::infinity();
/// Weights of tokens this far below the largest logit, in units of the temperature, are below 2^-24.
static constexpr double reach = 17;

double uniformOf(uint64_t seed, const SampleKey &key) {
  seed ^= hashText("sampling"); // parameters start from the same seed
  std::array<uint32_t, 4> bits =
      philox({key.position, key.sample, static_cast<uint32_t>(key.prompt), static_cast<uint32_t>(key.prompt >> 32)},
             {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return bits[0] * 0x1p-32;
}

/// A token and its logit as one number, smaller where the token comes earlier in the order.
static uint64_t orderOf(float logit, size_t token) {
  uint32_t bits = std::bit_cast<uint32_t>(logit + 0.0f); // one zero only
  uint32_t rising = bits & 0x80000000 ? ~bits : bits | 0x80000000;
  return uint64_t{~rising} << 32 | token;
}
static size_t tokenOf(uint64_t order) { return order & 0xffffffff; }

Sampler::Sampler(SamplingOptions given, int64_t size, std::span<const int32_t> endTokens)
    : options(std::move(given)), vocabulary(static_cast<size_t>(size)) {
  if (size <= 0 || size > std::numeric_limits<int32_t>::max())
    fail(HADAL_EXIT_INPUT, "sampling: a vocabulary of ", size, " tokens; expected 1 to 2147483647");
  requireInRange(options, size);
  if (!options.ignoreEnd)
    return;
  for (int32_t token : endTokens) {
    if (token < 0 || token >= size)
      fail(HADAL_EXIT_INPUT, "the token ", token, " that ends a text is not in the vocabulary of ", size, " tokens");
    bannedTokens.push_back(token);
  }
}

SampledToken Sampler::draw(std::span<const float> logits, const AcceptedTokens &accepted, const SampleKey &key,
                           std::span<const uint32_t> allowed) {
  if (logits.size() != vocabulary)
    fail(HADAL_EXIT_INPUT, "sampling: ", logits.size(), " logits for a vocabulary of ", vocabulary);
  LogSumExp softmax = logSumExp(logits);
  if (!std::isfinite(softmax.maximum) || !std::isfinite(softmax.logarithm)) {
    size_t token = std::ranges::find_if(logits, [](float z) { return !std::isfinite(z); }) - logits.begin();
    fail(HADAL_EXIT_NON_FINITE, "the logits at position ", key.position, " are not finite, the first at token ", token,
         ": the weights are damaged, or too large for the precision that the program computes in");
  }
  std::span<const float> decisive = logits;
  float largest = softmax.maximum;
  if (changesLogits(allowed)) {
    adjust(logits, accepted, allowed);
    decisive = adjusted;
    largest = largestOf(adjusted);
    if (largest == banned)
      fail(HADAL_EXIT_INPUT, "no token is allowed at position ", key.position,
           ": the mask, the biases and the tokens that are never drawn leave none");
  }
  int32_t token = drawFrom(decisive, largest, key);
  return {token, softmax.logProbability(logits[token]), likeliest(logits, softmax)};
}

bool Sampler::changesLogits(std::span<const uint32_t> allowed) const {
  return !allowed.empty() || !options.logitBias.empty() || !bannedTokens.empty() || options.repetitionPenalty != 1 ||
         options.presencePenalty != 0 || options.frequencyPenalty != 0;
}

void Sampler::adjust(std::span<const float> logits, const AcceptedTokens &accepted, std::span<const uint32_t> allowed) {
  adjusted.assign(logits.begin(), logits.end());
  for (const auto &[token, bias] : options.logitBias)
    adjusted[token] += static_cast<float>(bias);
  penalize(accepted);
  for (int32_t token : bannedTokens)
    adjusted[token] = banned;
  if (allowed.empty())
    return;
  if (allowed.size() != (vocabulary + 31) / 32)
    fail(HADAL_EXIT_INPUT, "sampling: a mask of ", allowed.size(), " words for a vocabulary of ", vocabulary,
         "; expected ", (vocabulary + 31) / 32);
  for (size_t token = 0; token < vocabulary; ++token)
    if (!(allowed[token / 32] >> token % 32 & 1))
      adjusted[token] = banned;
}

void Sampler::penalize(const AcceptedTokens &accepted) {
  bool repetition = options.repetitionPenalty != 1;
  if (!repetition && options.presencePenalty == 0 && options.frequencyPenalty == 0)
    return;
  // Each token once: a count is reset when its token has had its penalty. One that is only in the prompt counts as
  // `seen`.
  constexpr uint32_t seen = 0x80000000;
  counts.resize(vocabulary);
  auto require = [&](int32_t token) {
    if (token < 0 || static_cast<size_t>(token) >= vocabulary)
      fail(HADAL_EXIT_INPUT, "the sequence has a token ", token, ", the vocabulary only ", vocabulary);
  };
  std::ranges::for_each(accepted.prompt, require);
  std::ranges::for_each(accepted.generated, require);
  if (repetition)
    for (int32_t token : accepted.prompt)
      counts[token] |= seen;
  for (int32_t token : accepted.generated)
    counts[token] = (counts[token] | seen) + 1;
  float divisor = static_cast<float>(options.repetitionPenalty);
  auto apply = [&](int32_t token) {
    uint32_t count = std::exchange(counts[token], 0);
    if (count == 0)
      return;
    float &logit = adjusted[token];
    logit = logit > 0 ? logit / divisor : logit * divisor;
    if (uint32_t occurrences = count & ~seen)
      logit -= static_cast<float>(options.presencePenalty + options.frequencyPenalty * occurrences);
  };
  std::ranges::for_each(accepted.prompt, apply);
  std::ranges::for_each(accepted.generated, apply);
}

int32_t Sampler::drawFrom(std::span<const float> logits, float largest, const SampleKey &key) {
  if (options.temperature == 0)
    return static_cast<int32_t>(std::ranges::find(logits, largest) - logits.begin());
  candidates.clear();
  float temperature = static_cast<float>(options.temperature);
  double lowest = largest - reach * options.temperature;
  for (size_t token = 0; token < vocabulary; ++token)
    if (logits[token] >= lowest && logits[token] > banned)
      candidates.push_back(orderOf(logits[token], token));
  sortCandidates();
  weights.resize(candidates.size());
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = (logits[tokenOf(candidates[i])] - largest) / temperature;
  exponentiate(weights);
  float sum = 0;
  size_t kept = filter(sum);
  double place = uniformOf(options.seed, key) * sum;
  float before = 0;
  for (size_t i = 0; i < kept; ++i)
    if ((before += weights[i]) > place)
      return static_cast<int32_t>(tokenOf(candidates[i]));
  return static_cast<int32_t>(tokenOf(candidates[kept - 1])); // not reached: the last sum is larger than any place
}

/// Sorts the candidates, which are in the order of their ids, and leaves those that top-k keeps.
void Sampler::sortCandidates() {
  size_t kept = candidates.size();
  if (options.topK > 0 && static_cast<size_t>(options.topK) < kept) {
    kept = static_cast<size_t>(options.topK);
    std::ranges::nth_element(candidates, candidates.begin() + static_cast<ptrdiff_t>(kept));
    candidates.resize(kept);
    std::ranges::sort(candidates);
    return;
  }
  constexpr size_t few = 2048;
  if (kept <= few) {
    std::ranges::sort(candidates);
    return;
  }
  // By digits of the logit, the lowest first; tokens with equal logits stay in their order.
  constexpr int digitBits = 11;
  sorted.resize(kept);
  for (int shift = 32; shift < 64; shift += digitBits) {
    std::array<uint32_t, (1 << digitBits) + 1> begin = {};
    auto digit = [&](uint64_t order) { return order >> shift & ((1 << digitBits) - 1); };
    for (uint64_t order : candidates)
      ++begin[digit(order) + 1];
    for (size_t i = 1; i < begin.size(); ++i)
      begin[i] += begin[i - 1];
    for (uint64_t order : candidates)
      sorted[begin[digit(order)]++] = order;
    candidates.swap(sorted);
  }
}

/// How many candidates top-p and min-p keep, and the sum of their weights.
size_t Sampler::filter(float &sum) {
  size_t kept = weights.size();
  sum = 0;
  for (float weight : weights)
    sum += weight;
  if (options.topP < 1) {
    double enough = options.topP * sum;
    sum = weights[0];
    for (kept = 1; kept < weights.size() && sum < enough; ++kept)
      sum += weights[kept];
  }
  if (options.minP > 0) {
    size_t likely = 1;
    float likelySum = weights[0];
    for (; likely < kept && weights[likely] >= options.minP; ++likely)
      likelySum += weights[likely];
    kept = likely;
    sum = likelySum;
  }
  return kept;
}

std::vector<TokenProbability> Sampler::likeliest(std::span<const float> logits, const LogSumExp &softmax) const {
  size_t wanted = static_cast<size_t>(options.topLogProbabilities);
  if (wanted == 0)
    return {};
  // A heap with the last one in the order on top.
  std::vector<uint64_t> found;
  for (size_t token = 0; token < logits.size(); ++token) {
    uint64_t order = orderOf(logits[token], token);
    if (found.size() == wanted) {
      if (order > found.front())
        continue;
      std::ranges::pop_heap(found);
      found.pop_back();
    }
    found.push_back(order);
    std::ranges::push_heap(found);
  }
  std::ranges::sort_heap(found);
  std::vector<TokenProbability> best;
  for (uint64_t order : found)
    best.push_back({static_cast<int32_t>(tokenOf(order)), softmax.logProbability(logits[tokenOf(order)])});
  return best;
}

} // namespace hadal
