//===- LogSumExpTest.cpp - the softmax of the sampler against the head's kernel -----------------------------------===//
//
// What a sampler reports of a token has the bits that the program `evaluate` computes: the runtime's loops against the
// kernel of hadal.log_probabilities, on every level of CPU. With one channel and a hidden state of ones the weight is
// the row of logits. Two blocks of the vocabulary and a rest that fills no vector; every token is asked for once.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "runtime/sampling/LogSumExp.h"
#include "test/codegen/CPU/Steps.h"

using namespace mlir;
using namespace hadal::check;
using hadal::reference::Tensor;

namespace {

constexpr int64_t vocabulary = 2093;

constexpr const char *text = R"(
  hadal.kernel head @head(%h: tensor<1x2093x1xf32>, %t: tensor<1x2093xi32>, %w: tensor<2093x1xf32>) -> (tensor<f32>, tensor<1x2093xf32>) {
    %0, %1 = hadal.log_probabilities %h, %t, %w : (tensor<1x2093x1xf32>, tensor<1x2093xi32>, tensor<2093x1xf32>) -> (tensor<f32>, tensor<1x2093xf32>)
    hadal.yield %0, %1 : tensor<f32>, tensor<1x2093xf32>
  })";

using LogSumExp = StepsTest;

TEST_F(LogSumExp, HasTheBitsOfTheKernel) {
  std::mt19937 generator{11};
  std::normal_distribution<float> normal;
  // Flat logits, ones so far apart that exponentials vanish, and rising ones: every block moves the maximum. Then some
  // with one token that outweighs the others: a logarithm near zero hides nothing of its sum.
  std::vector<std::function<float(int64_t)>> rows = {
      [&](int64_t) { return 0.01f * normal(generator); }, [&](int64_t) { return 60 * normal(generator); },
      [&](int64_t token) { return 0.02f * float(token) + normal(generator); }, [](int64_t) { return 0.0f; }};
  for (int64_t peak = 0; peak < 20; ++peak)
    rows.push_back([&, peak](int64_t token) { return normal(generator) + (token == 99 * peak ? 9.5f : 0.0f); });
  std::vector<std::vector<float>> logits;
  std::vector<Case> cases;
  hadal::VectorLevel best = hadal::vectorLevel();
  for (const auto &row : rows) {
    Tensor hidden({1, vocabulary, 1}, 1), targets({1, vocabulary}), weight({vocabulary, 1});
    std::vector<float> &z = logits.emplace_back();
    for (int64_t token = 0; token < vocabulary; ++token) {
      z.push_back(row(token));
      weight.data[token] = double(z.back());
      targets.data[token] = double(token);
    }
    std::vector<float> expected;
    for (auto level : {hadal::VectorLevel::Baseline, hadal::VectorLevel::AVX2, hadal::VectorLevel::AVX512}) {
      if (level > best)
        break;
      hadal::setVectorLevel(level);
      hadal::LogSumExp softmax = hadal::logSumExp(z);
      std::vector<float> ofLevel;
      for (float logit : z)
        ofLevel.push_back(softmax.logProbability(logit));
      EXPECT_TRUE(expected.empty() || ofLevel == expected);
      expected = ofLevel;
    }
    cases.push_back({{hidden, targets, weight}, {{}, [expected](int64_t token) { return expected[token]; }}});
  }
  std::vector<std::string> cpus = levels();
  cpus.pop_back(); // AMX multiplies no f32
  check(text, cases, cpus);
}

} // namespace
