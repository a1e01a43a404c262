// Times a draw from the logits of DeepSeek-V3's vocabulary: test/benchmark/sampling builds and runs it.
#include "runtime/sampling/LogSumExp.h"
#include "runtime/sampling/Sampler.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

using namespace hadal;

/// The median time of a draw in microseconds.
static double time(const SamplingOptions &options, std::span<const float> logits, const AcceptedTokens &accepted) {
  Sampler sampler(options, static_cast<int64_t>(logits.size()), {});
  SamplingSpace space;
  std::vector<double> times;
  for (uint32_t position = 0; position < 101; ++position) {
    auto begin = std::chrono::steady_clock::now();
    sampler.draw(logits, accepted, {0, 0, position}, space);
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::nth_element(times, times.begin() + 50);
  return times[50];
}

int main() {
  constexpr size_t vocabulary = 129280;
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int32_t> token(0, vocabulary - 1);
  std::vector<float> flat(vocabulary), steep(vocabulary);
  std::ranges::generate(flat, [&] { return 0.1f * normal(generator); });
  std::ranges::generate(steep, [&] { return 3 * normal(generator); });
  std::vector<int32_t> text(4096);
  std::ranges::generate(text, [&] { return token(generator); });
  std::pair<const char *, SamplingOptions> cases[] = {{"greedy", {.temperature = 0}},
                                                      {"plain", {}},
                                                      {"top-k 50", {.topK = 50}},
                                                      {"top-p 0.95", {.topP = 0.95}},
                                                      {"min-p 0.05", {.minP = 0.05}},
                                                      {"top-k, top-p, min-p", {.topK = 50, .topP = 0.95, .minP = 0.05}},
                                                      {"penalties, 4096 tokens", {.repetitionPenalty = 1.1}},
                                                      {"20 log-probabilities", {.topLogProbabilities = 20}}};
  VectorLevel best = vectorLevel();
  const char *names[] = {"baseline", "AVX2", "AVX-512"};
  std::printf("microseconds per draw, median of 101; %zu tokens, steep / flat logits\n", vocabulary);
  for (VectorLevel level : {VectorLevel::Baseline, VectorLevel::AVX2, VectorLevel::AVX512}) {
    if (level > best)
      break;
    setVectorLevel(level);
    for (const auto &[name, options] : cases)
      std::printf("%-9s %-24s %7.0f %7.0f\n", names[static_cast<int>(level)], name, time(options, steep, {{}, text}),
                  time(options, flat, {{}, text}));
  }
}
