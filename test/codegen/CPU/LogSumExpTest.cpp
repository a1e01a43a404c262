//===- LogSumExpTest.cpp - the softmax of the sampler against the head's kernel -----------------------------------===//
//
// What a sampler reports of a token has the bits that the program `evaluate` computes: the runtime's loops against the
// kernel of hadal.log_probabilities, on every level of CPU. With one channel a row's logits are the weight times a
// number of its own. Two blocks of the vocabulary and a rest that fills no vector; every row asks for another token.
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

class LogSumExp : public StepsTest {
protected:
  using Numbers = std::function<float(int64_t)>;

  /// Adds rows of logits scale(row) * weight(token).
  void add(const Numbers &scale, const Numbers &weight) {
    Tensor hidden({1, vocabulary, 1}), targets({1, vocabulary}), weights({vocabulary, 1});
    for (int64_t i = 0; i < vocabulary; ++i) {
      hidden.data[i] = double(scale(i));
      weights.data[i] = double(weight(i));
      targets.data[i] = double(i);
    }
    std::vector<float> expected = compute(hadal::VectorLevel::Baseline, hidden, weights);
    for (auto level : {hadal::VectorLevel::AVX2, hadal::VectorLevel::AVX512})
      if (level <= best)
        EXPECT_EQ(compute(level, hidden, weights), expected);
    cases.push_back({{hidden, targets, weights}, {{}, [expected](int64_t row) { return expected[row]; }}});
  }

  std::mt19937 generator{11};
  std::normal_distribution<float> normal;
  std::vector<Case> cases;

private:
  /// The log-probability of token i in row i.
  static std::vector<float> compute(hadal::VectorLevel level, const Tensor &hidden, const Tensor &weights) {
    hadal::setVectorLevel(level);
    std::vector<float> result, logits(vocabulary);
    for (int64_t row = 0; row < vocabulary; ++row) {
      for (int64_t token = 0; token < vocabulary; ++token)
        logits[token] = float(hidden.data[row]) * float(weights.data[token]);
      result.push_back(hadal::logSumExp(logits).logProbability(logits[row]));
    }
    return result;
  }

  hadal::VectorLevel best = hadal::vectorLevel();
};

TEST_F(LogSumExp, HasTheBitsOfTheKernel) {
  auto growing = [](int64_t row) { return 1.0f + float(row) * 0x1p-12f; };
  // Flat logits and ones so far apart that exponentials vanish; in blocks whose maximum rises.
  add(growing, [&](int64_t token) { return 0.02f * normal(generator) + (token == 700 ? 4.0f : 0.0f); });
  add(growing, [&](int64_t token) { return 0.03f * float(token) + 20 * normal(generator); });
  // Few tokens that weigh anything, and a logarithm near zero: nothing hides a bit of an exponential.
  add([&](int64_t row) { return 0.01f + float(row) * 0x1p-10f; },
      [](int64_t token) {
        return token == 5 ? 0.0f : token == 1500 ? -1.5f : token == 2000 ? -4.0f : -1.0e4f;
      });
  std::vector<std::string> cpus = levels();
  cpus.pop_back(); // AMX multiplies no f32
  check(text, cases, cpus);
}

} // namespace
