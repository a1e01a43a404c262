//===- HeadStepsTest.cpp - the arithmetic of the head's gradients in bf16 on CPUs ---------------------------------===//
//
// The two gradients of the head against a scalar model of their arithmetic, to the bit: with a hidden state or a weight
// of zeros all logits are equal, and their derivatives known. Two chunks of tokens, and a block of the vocabulary and
// more.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "test/codegen/CPU/Steps.h"

using namespace mlir;
using namespace hadal::check;
using hadal::reference::Tensor;

namespace {

constexpr int64_t tokens = 290, channels = 20, vocabulary = 1050;
constexpr float gradientOfLoss = 1.7f;

constexpr const char *text = R"(
  hadal.kernel head @head(%h: tensor<1x290x20xbf16>, %t: tensor<1x290xi32>, %w: tensor<1050x20xbf16>, %s: tensor<f32>, %g: tensor<1050x20xf32>) -> (tensor<f32>, tensor<1x290x20xf32>, tensor<1050x20xf32>) {
    %0, %1, %2 = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<1x290x20xbf16>, tensor<1x290xi32>, tensor<1050x20xbf16>, tensor<f32>) -> (tensor<f32>, tensor<1x290x20xf32>, tensor<1050x20xf32>)
    %3 = arith.addf %g, %2 : tensor<1050x20xf32>
    hadal.yield %0, %1, %3 : tensor<f32>, tensor<1x290x20xf32>, tensor<1050x20xf32>
  })";

class HeadGradient : public StepsTest {
protected:
  HeadGradient() : targets({1, tokens}), loss({}, gradientOfLoss), before({vocabulary, channels}) {
    for (double &target : targets.data)
      target = double(generator() % vocabulary);
  }

  /// The derivative of a logit, as the products take it: rounded once.
  float derivative(int64_t token, int64_t word) const {
    float ofTarget = gradientOfLoss / float(tokens), share = 1.0f * (ofTarget / float(vocabulary));
    return roundToBF16(int64_t(targets.data[token]) == word ? share - ofTarget : share);
  }

  std::mt19937 generator{8};
  Tensor targets, loss, before;
};

// Tokens are added to the weight's gradient one step after the other, and to what was there, whatever the chunk.
TEST_F(HeadGradient, OfBothFactors) {
  Tensor hidden = drawTensor({tokens, channels}, generator, Numbers::Ordinary);
  Tensor weight = drawTensor({vocabulary, channels}, generator, Numbers::Ordinary);
  for (double &number : before.data)
    number = double(draw(generator, Numbers::Ordinary));
  std::vector<float> ofHidden, ofWeight;
  for (int64_t i = 0; i < tokens * channels; ++i)
    ofHidden.push_back(multiply(
        vocabulary, [&](int64_t word) { return derivative(i / channels, word); },
        [&](int64_t word) { return float(weight.at(word, i % channels)); }));
  for (int64_t i = 0; i < vocabulary * channels; ++i)
    ofWeight.push_back(multiply(
        tokens, [&](int64_t token) { return derivative(token, i / channels); },
        [&](int64_t token) { return float(hidden.at(token, i % channels)); }, float(before.data[i])));
  Tensor noHidden(hidden.shape), noWeight(weight.shape);
  check(text, {{{noHidden, targets, weight, loss, before}, {{}, [&](int64_t i) { return ofHidden[i]; }, {}}},
               {{hidden, targets, noWeight, loss, before}, {{}, {}, [&](int64_t i) { return ofWeight[i]; }}}});
}

} // namespace
