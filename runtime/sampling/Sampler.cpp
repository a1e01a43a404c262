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

uint64_t randomBits(uint64_t seed, const SampleKey &key) {
  seed ^= hashText("sampling"); // parameters start from the same seed
  std::array<uint32_t, 4> bits =
      philox({key.position, key.sample, static_cast<uint32_t>(key.prompt), static_cast<uint32_t>(key.prompt >> 32)},
             {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return bits[0] | uint64_t{bits[1]} << 32;
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
                           SamplingSpace &space, std::span<const uint32_t> allowed) const {
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
    adjust(logits, accepted, allowed, space);
    decisive = space.logits;
    largest = largestOf(decisive);
    if (largest == banned)
      fail(HADAL_EXIT_INPUT, "no token is allowed at position ", key.position,
           ": the mask, the biases and the tokens that are never drawn leave none");
    if (!std::isfinite(largest))
      fail(HADAL_EXIT_NON_FINITE, "the logits at position ", key.position, " are too large for the repetition penalty");
  }
  int32_t token = drawFrom(decisive, largest, key, space);
  return {token, softmax.logProbability(logits[token]), likeliest(logits, softmax)};
}

bool Sampler::changesLogits(std::span<const uint32_t> allowed) const {
  return !allowed.empty() || !options.logitBias.empty() || !bannedTokens.empty() || options.repetitionPenalty != 1 ||
         options.presencePenalty != 0 || options.frequencyPenalty != 0;
}

void Sampler::adjust(std::span<const float> logits, const AcceptedTokens &accepted, std::span<const uint32_t> allowed,
                     SamplingSpace &space) const {
  std::vector<float> &adjusted = space.logits;
  adjusted.assign(logits.begin(), logits.end());
  for (const auto &[token, bias] : options.logitBias)
    adjusted[token] += static_cast<float>(bias);
  penalize(accepted, space);
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

void Sampler::penalize(const AcceptedTokens &accepted, SamplingSpace &space) const {
  bool repetition = options.repetitionPenalty != 1;
  if (!repetition && options.presencePenalty == 0 && options.frequencyPenalty == 0)
    return;
  // Each token once: a count is reset when its token has had its penalty. One that is only in the prompt counts as
  // `seen`.
  constexpr uint32_t seen = 0x80000000;
  std::vector<uint32_t> &counts = space.counts;
  counts.resize(std::max(counts.size(), vocabulary));
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
    float &logit = space.logits[token];
    logit = logit > 0 ? logit / divisor : logit * divisor;
    if (uint32_t occurrences = count & ~seen)
      logit -= static_cast<float>(options.presencePenalty + options.frequencyPenalty * occurrences);
  };
  std::ranges::for_each(accepted.prompt, apply);
  std::ranges::for_each(accepted.generated, apply);
}

int32_t Sampler::drawFrom(std::span<const float> logits, float largest, const SampleKey &key,
                          SamplingSpace &space) const {
  if (options.temperature == 0)
    return static_cast<int32_t>(std::ranges::find(logits, largest) - logits.begin());
  float temperature = static_cast<float>(options.temperature);
  space.shares.resize(vocabulary);
  for (size_t token = 0; token < vocabulary; ++token)
    space.shares[token] = (logits[token] - largest) / temperature;
  exponentiate(space.shares);
  space.weights.resize(vocabulary);
  for (size_t token = 0; token < vocabulary; ++token)
    space.weights[token] = static_cast<int32_t>(space.shares[token] * 0x1p30f);
  filter(logits, space);
  uint64_t sum = 0;
  for (int32_t weight : space.weights)
    sum += static_cast<uint64_t>(weight);
  // A number below the sum: the largest weight is 2^30, so there is one.
  uint64_t place = static_cast<uint64_t>(
      static_cast<unsigned __int128>(randomBits(key.seed.value_or(options.seed), key)) * sum >> 64);
  size_t token = 0;
  for (; place >= static_cast<uint64_t>(space.weights[token]); ++token)
    place -= static_cast<uint64_t>(space.weights[token]);
  return static_cast<int32_t>(token);
}

/// Takes the weights of the tokens that top-k, top-p and min-p leave out.
void Sampler::filter(std::span<const float> logits, SamplingSpace &space) const {
  bool goesByOrder = (options.topK > 0 && static_cast<size_t>(options.topK) < vocabulary) || options.topP < 1;
  if (goesByOrder) {
    uint64_t last = findLast(logits, space);
    for (size_t token = 0; token < vocabulary; ++token)
      if (orderOf(logits[token], token) > last)
        space.weights[token] = 0;
  }
  if (options.minP > 0)
    for (size_t token = 0; token < vocabulary; ++token)
      if (space.shares[token] < options.minP)
        space.weights[token] = 0;
}

/// The last token of the shortest beginning of the order whose measures add up to `enough`, which those of all tokens
/// do. Sorts nothing: the beginning ends among the tokens of one first digit of the logit, of these among those of one
/// second.
template <class OrderAt, class Measure>
static uint64_t endOfBeginning(size_t count, OrderAt orderAt, uint64_t enough, Measure measure,
                               std::vector<uint64_t> &candidates) {
  constexpr int digitBits = 11;
  using Sums = std::array<uint64_t, 1 << digitBits>;
  auto takeDigit = [&](const Sums &sums) {
    size_t digit = 0;
    for (; sums[digit] < enough; ++digit)
      enough -= sums[digit];
    return digit;
  };
  // Neighbours are added apart: most have the same few digits, and would wait for each other.
  std::array<Sums, 4> apart = {};
  for (size_t i = 0; i < count; ++i)
    apart[i % 4][orderAt(i) >> 53] += measure(orderAt(i));
  Sums sums;
  for (size_t digit = 0; digit < sums.size(); ++digit)
    sums[digit] = apart[0][digit] + apart[1][digit] + apart[2][digit] + apart[3][digit];
  size_t first = takeDigit(sums);
  candidates.clear();
  for (size_t i = 0; i < count; ++i)
    if (orderAt(i) >> 53 == first)
      candidates.push_back(orderAt(i));
  for (int shift : {42, 31}) { // bit 31 is one of the id, and never set
    auto digit = [&](uint64_t order) { return order >> shift & (sums.size() - 1); };
    sums = {};
    for (uint64_t order : candidates)
      sums[digit(order)] += measure(order);
    size_t decisive = takeDigit(sums);
    std::erase_if(candidates, [&](uint64_t order) { return digit(order) != decisive; });
  }
  // Equal logits, by rising id.
  size_t last = 0;
  for (; measure(candidates[last]) < enough; ++last)
    enough -= measure(candidates[last]);
  return candidates[last];
}

/// The last token, in the order, that top-k and top-p keep.
uint64_t Sampler::findLast(std::span<const float> logits, SamplingSpace &space) const {
  auto orderAt = [&](size_t token) { return orderOf(logits[token], token); };
  auto weightOf = [&](uint64_t order) { return static_cast<uint64_t>(space.weights[tokenOf(order)]); };
  auto endOfMass = [&](size_t count, auto ofOrder) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; ++i)
      sum += weightOf(ofOrder(i));
    uint64_t enough = static_cast<uint64_t>(std::ceil(options.topP * static_cast<double>(sum)));
    return endOfBeginning(count, ofOrder, std::max<uint64_t>(enough, 1), weightOf, space.order);
  };
  if (options.topK == 0 || static_cast<size_t>(options.topK) >= vocabulary)
    return endOfMass(vocabulary, orderAt);
  uint64_t count = static_cast<uint64_t>(options.topK);
  uint64_t last = endOfBeginning(vocabulary, orderAt, count, [](uint64_t) { return uint64_t{1}; }, space.order);
  if (options.topP == 1)
    return last;
  std::vector<uint64_t> &kept = space.kept;
  kept.clear();
  for (size_t token = 0; token < vocabulary; ++token)
    if (orderAt(token) <= last)
      kept.push_back(orderAt(token));
  return endOfMass(kept.size(), [&](size_t i) { return kept[i]; });
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
