// Drawing tokens, against a plain reference: all tokens sorted, all weights added, nothing left out.
#include "runtime/sampling/Sampler.h"
#include "runtime/sampling/LogSumExp.h"
#include "test/runtime/Support.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

namespace hadal::test {
namespace {

/// Kept from test to test, as a program would.
SamplingSpace space;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Logits with ties, of a spread that leaves from a few to all tokens to draw from.
std::vector<float> makeLogits(size_t vocabulary, float spread, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> logits(vocabulary);
  for (float &logit : logits)
    logit = std::round(spread * normal(generator) * 8) / 8;
  return logits;
}

/// The tokens that may be drawn with their probabilities, by rising id. In double, but for the temperature.
std::vector<std::pair<int32_t, double>> reference(std::vector<float> logits, const SamplingOptions &options) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](int32_t a, int32_t b) { return std::pair(-logits[a], a) < std::pair(-logits[b], b); });
  if (options.topK > 0 && options.topK < static_cast<int64_t>(order.size()))
    order.resize(static_cast<size_t>(options.topK));
  std::vector<std::pair<int32_t, double>> kept;
  double sum = 0;
  for (int32_t token : order) {
    double weight = std::exp((double{logits[token]} - logits[order[0]]) / options.temperature);
    if (weight == 0)
      continue;
    kept.emplace_back(token, weight);
    sum += weight;
  }
  double mass = 0;
  std::erase_if(kept, [&](const auto &candidate) {
    bool isEnough = mass > 0 && mass >= options.topP * sum && options.topP < 1;
    mass += candidate.second;
    return isEnough;
  });
  std::erase_if(kept, [&](const auto &candidate) { return candidate.second < options.minP; });
  sum = 0;
  for (const auto &[token, weight] : kept)
    sum += weight;
  for (auto &[token, weight] : kept)
    weight /= sum;
  std::ranges::sort(kept);
  return kept;
}

TEST(SamplerTest, EveryDrawIsTheReferences) {
  SamplingOptions temperature{.temperature = 0.7}, k{.topK = 40}, p{.topP = 0.9}, m{.minP = 0.05},
      all{.temperature = 1.3, .topK = 100, .topP = 0.95, .minP = 0.01}, hot{.temperature = 50}, one{.topP = 0};
  for (const SamplingOptions &options : {SamplingOptions(), temperature, k, p, m, all, hot, one})
    for (float spread : {0.1f, 1.0f, 4.0f, 300.0f}) {
      std::vector<float> logits = makeLogits(5000, spread, 3);
      auto expected = reference(logits, options);
      Sampler sampler(options, 5000, {});
      for (uint32_t position = 0; position < 60; ++position) {
        double place = static_cast<double>(randomBits(options.seed, {7, 0, position})) * 0x1p-64, before = 0;
        size_t i = 0;
        while (i + 1 < expected.size() && before + expected[i].second <= place)
          before += expected[i++].second;
        // Exponentials are exact to some 1e-7: so near to a border a number may fall on either side.
        if (std::min(std::abs(place - before), std::abs(before + expected[i].second - place)) < 1e-6)
          continue;
        EXPECT_EQ(sampler.draw(logits, {}, {7, 0, position}, space).token, expected[i].first)
            << "spread " << spread << " position " << position;
      }
    }
}

TEST(SamplerTest, FrequenciesAreTheProbabilities) {
  std::vector<float> logits = makeLogits(30, 1, 5);
  SamplingOptions options{.temperature = 0.8, .seed = 17};
  Sampler sampler(options, 30, {});
  std::map<int32_t, double> count;
  constexpr double draws = 100000;
  for (uint32_t i = 0; i < draws; ++i)
    ++count[sampler.draw(logits, {}, {i % 10, i / 10 % 10, i / 100}, space).token];
  double chiSquare = 0;
  for (const auto &[token, probability] : reference(logits, options))
    chiSquare += std::pow(count[token] - draws * probability, 2) / (draws * probability);
  EXPECT_LT(chiSquare, 52.3); // 29 degrees of freedom: exceeded once in 200 seeds
  EXPECT_GT(chiSquare, 10);   // and this one is no worse: frequencies are not too good either
}

TEST(SamplerTest, OnlyTheKeyDecides) {
  std::vector<float> logits = makeLogits(1000, 1, 1);
  Sampler sampler({.seed = 5}, 1000, {});
  std::vector<int32_t> forward, backward;
  auto key = [](uint32_t i) { return SampleKey{i % 3, i / 3 % 3, i / 9}; };
  for (uint32_t i = 0; i < 90; ++i)
    forward.push_back(sampler.draw(logits, {}, key(i), space).token);
  for (uint32_t i = 90; i-- > 0;)
    backward.push_back(Sampler({.seed = 5}, 1000, {}).draw(logits, {}, key(i), space).token);
  std::ranges::reverse(backward);
  EXPECT_EQ(forward, backward);
  // Every part of a key is one.
  uint64_t first = randomBits(5, {1, 2, 3});
  for (auto [seed, other] :
       {std::pair(6ul, SampleKey{1, 2, 3}), std::pair(5ul, SampleKey{2, 2, 3}), std::pair(5ul, SampleKey{1, 3, 3}),
        std::pair(5ul, SampleKey{1, 2, 4}), std::pair(5ul, SampleKey{1 + (1ul << 32), 2, 3}),
        std::pair(5ul + (1ul << 32), SampleKey{1, 2, 3})})
    EXPECT_NE(randomBits(seed, other), first);
}

TEST(SamplerTest, TiesGoToTheLowerToken) {
  std::vector<float> logits(3000, -0.0f);
  logits[2] = 0.0f;
  SamplingOptions greedy{.temperature = 0, .topLogProbabilities = 3};
  SampledToken drawn = Sampler(greedy, 3000, {}).draw(logits, {}, {}, space);
  EXPECT_EQ(drawn.token, 0);
  float logProbability = drawn.logProbability;
  EXPECT_EQ(drawn.best, (std::vector<TokenProbability>{{0, logProbability}, {1, logProbability}, {2, logProbability}}));
  Sampler two({.topK = 2}, 3000, {});
  for (uint32_t position = 0; position < 50; ++position)
    EXPECT_LT(two.draw(logits, {}, {0, 0, position}, space).token, 2);
}

TEST(SamplerTest, LogProbabilitiesAreThoseOfTheModel) {
  std::vector<float> logits = makeLogits(5000, 3, 9);
  double sum = 0;
  for (float logit : logits)
    sum += std::exp(double{logit});
  std::vector<int32_t> generated = {1, 2, 3};
  Sampler sampler(
      {.temperature = 0.3, .topK = 5, .repetitionPenalty = 1.5, .logitBias = {{4, 100}}, .topLogProbabilities = 20},
      5000, {});
  SampledToken drawn = sampler.draw(logits, {{}, generated}, {}, space);
  EXPECT_EQ(drawn.token, 4);
  EXPECT_NEAR(drawn.logProbability, logits[4] - std::log(sum), 1e-5);
  std::vector<float> sorted = logits;
  std::ranges::sort(sorted, std::greater());
  ASSERT_EQ(drawn.best.size(), 20u);
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(logits[drawn.best[i].token], sorted[i]);
    EXPECT_NEAR(drawn.best[i].logProbability, sorted[i] - std::log(sum), 1e-5);
  }
}

/// The token that the largest of few logits belongs to, after options.
int32_t greedy(const std::vector<float> &logits, SamplingOptions options, const AcceptedTokens &accepted,
               std::span<const int32_t> ends = {}, std::span<const uint32_t> allowed = {}) {
  options.temperature = 0;
  return Sampler(options, static_cast<int64_t>(logits.size()), ends).draw(logits, accepted, {}, space, allowed).token;
}

TEST(SamplerTest, PenaltiesSeeAcceptedTokensOnly) {
  std::vector<int32_t> prompt = {0, 0}, text = {1, 1};
  std::vector<float> logits = {3, 2.9f, 2};
  EXPECT_EQ(greedy(logits, {.repetitionPenalty = 2}, {}), 0);
  EXPECT_EQ(greedy(logits, {.repetitionPenalty = 2}, {prompt, {}}), 1);
  EXPECT_EQ(greedy(logits, {.repetitionPenalty = 2}, {prompt, text}), 2);
  EXPECT_EQ(greedy({-1, -1.5f, -9}, {.repetitionPenalty = 2}, {prompt, {}}), 1); // negative ones are multiplied
  EXPECT_EQ(greedy(logits, {.presencePenalty = 2}, {prompt, {}}), 0);            // the prompt does not count
  EXPECT_EQ(greedy({2, 2.9f, 1.5f}, {.presencePenalty = 1}, {{}, text}), 0);
  EXPECT_EQ(greedy({1.5f, 2.9f, 1}, {.presencePenalty = 1}, {{}, text}), 1);  // once, however often
  EXPECT_EQ(greedy({1.5f, 2.9f, 1}, {.frequencyPenalty = 1}, {{}, text}), 0); // for every occurrence
  EXPECT_EQ(greedy({1, 2, 3}, {.frequencyPenalty = -3}, {{}, text}), 1);
  EXPECT_EQ(greedy({0.8f, 2.9f, 0}, {.frequencyPenalty = 1}, {{}, text}), 1); // for two, and no more
  // A token of the prompt, which is divided, has no occurrence.
  EXPECT_EQ(greedy({3, 1.2f, 0}, {.repetitionPenalty = 2, .presencePenalty = 1, .frequencyPenalty = 1}, {prompt, {}}),
            0);
  // What one sequence was penalized for is forgotten in the next draw.
  Sampler sampler({.temperature = 0, .presencePenalty = 2}, 3, {});
  EXPECT_EQ(sampler.draw(logits, {{}, prompt}, {}, space).token, 1);
  EXPECT_EQ(sampler.draw(logits, {{}, text}, {}, space).token, 0);
  // In f32, as transformers and vLLM compute them.
  Sampler drawn({.temperature = 0, .repetitionPenalty = 1.1, .topLogProbabilities = 1}, 3, {});
  EXPECT_EQ(drawn.draw(logits, {prompt, text}, {}, space).best[0].token, 0);
}

TEST(SamplerTest, BiasesMasksAndEndsDecideWhatIsDrawn) {
  std::vector<int32_t> ends = {0, 2};
  std::vector<float> logits = {3, 1, 2};
  EXPECT_EQ(greedy(logits, {.logitBias = {{1, 2.5}}}, {}), 1);
  EXPECT_EQ(greedy(logits, {.logitBias = {{0, -infinity}}}, {}), 2);
  EXPECT_EQ(greedy(logits, {}, {}, ends), 0);
  EXPECT_EQ(greedy(logits, {.ignoreEnd = true}, {}, ends), 1);
  std::vector<uint32_t> second = {2}, none = {0xfffffff8};
  EXPECT_EQ(greedy(logits, {}, {}, {}, second), 1);
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { greedy(logits, {}, {}, {}, none); }), "no token is allowed");
  // Drawn tokens keep to the mask as well, in any word of it.
  std::vector<float> flat(100, 1.0f);
  std::vector<uint32_t> mask = {0, 0, 1u << 5, 0};
  Sampler sampler({}, 100, {});
  for (uint32_t position = 0; position < 20; ++position)
    EXPECT_EQ(sampler.draw(flat, {}, {0, 0, position}, space, mask).token, 69);
}

TEST(SamplerTest, WhatIsWrongIsSaid) {
  auto refuses = [](SamplingOptions options, std::string_view message) {
    EXPECT_CONTAINS(failureOf(HADAL_EXIT_COMMAND_LINE, [&] { Sampler(options, 100, {}); }), message);
  };
  double nan = std::numeric_limits<double>::quiet_NaN();
  for (double bad : {nan, infinity, -1.0, 1e30}) {
    refuses({.temperature = bad},
            "--temperature: expected a number (0: always the likeliest token) from 0 to 1000, not ");
    refuses({.topP = bad}, "--top-p: expected a probability from 0 to 1, not ");
    refuses({.minP = bad}, "--min-p: expected a share of the largest probability from 0 to 1, not ");
    refuses({.repetitionPenalty = bad}, "--repetition-penalty: expected a number (1: none) from 0.01 to 100, not ");
    refuses({.presencePenalty = 1000 * bad}, "--presence-penalty: expected a number (0: none) from -100 to 100, not ");
    refuses({.frequencyPenalty = 1000 * bad},
            "--frequency-penalty: expected a number (0: none) from -100 to 100, not ");
    refuses({.logitBias = {{1, 1000 * std::abs(bad)}}}, "--logit-bias: expected a number from -100 to 100 for token 1");
  }
  refuses({.topK = -1}, "--top-k: expected a number of tokens (0: all of them), not -1");
  refuses({.repetitionPenalty = 0}, "--repetition-penalty: expected a number (1: none) from 0.01 to 100, not 0");
  refuses({.logitBias = {{100, 1}}}, "--logit-bias: there is no token 100, the vocabulary has 100");
  refuses({.logitBias = {{-1, 1}}}, "there is no token -1");
  refuses({.logitBias = {{1, 1}, {1, 2}}}, "token 1 has more than one bias");
  refuses({.topLogProbabilities = 101}, "--top-logprobs: expected a number of tokens from 0 to 100");
  refuses({.topLogProbabilities = -1}, "not -1");

  std::vector<float> logits(100, 1.0f);
  std::vector<int32_t> outside = {100};
  Sampler sampler({.presencePenalty = 1}, 100, {});
  auto fails = [&](hadal_exit_code code, const AcceptedTokens &accepted, std::span<const uint32_t> mask, auto message) {
    EXPECT_CONTAINS(failureOf(code, [&] { sampler.draw(logits, accepted, {0, 0, 9}, space, mask); }), message);
  };
  fails(HADAL_EXIT_INPUT, {{}, outside}, {}, "the sequence has a token 100, the vocabulary only 100");
  fails(HADAL_EXIT_INPUT, {}, std::vector<uint32_t>(3), "a mask of 3 words for a vocabulary of 100; expected 4");
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    logits[70] = bad;
    fails(HADAL_EXIT_NON_FINITE, {}, {}, "the logits at position 9 are not finite, the first at token 70");
  }
  logits.pop_back();
  fails(HADAL_EXIT_INPUT, {}, {}, "99 logits for a vocabulary of 100");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { Sampler({.ignoreEnd = true}, 100, outside); }), "the token 100");
}

TEST(SamplerTest, EveryLevelOfVectorsHasTheSameBits) {
  std::vector<float> logits = makeLogits(129280, 1.5f, 2);
  VectorLevel best = vectorLevel();
  std::vector<std::pair<int32_t, float>> expected;
  for (VectorLevel level : {VectorLevel::Baseline, VectorLevel::AVX2, VectorLevel::AVX512}) {
    if (level > best)
      break;
    setVectorLevel(level);
    std::vector<std::pair<int32_t, float>> drawn;
    Sampler sampler({.seed = 3}, 129280, {});
    for (uint32_t position = 0; position < 3; ++position) {
      SampledToken token = sampler.draw(logits, {}, {0, 0, position}, space);
      drawn.emplace_back(token.token, token.logProbability);
    }
    EXPECT_TRUE(expected.empty() || drawn == expected);
    expected = drawn;
  }
}

} // namespace
} // namespace hadal::test
