//===- AttentionStepsTest.cpp - the arithmetic of attention in bf16 on CPUs ---------------------------------------===//
//
// The products of attention against a scalar model of their arithmetic, to the bit, where softmax leaves no rounding of
// its own: with one key to see the logarithm of the denominator is the score; with queries of zero all weights are 1;
// with keys of zero, or queries, the gradient's weights are 1, and the derivatives of scores what the values say.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "test/codegen/CPU/Steps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal::check;
using hadal::reference::Tensor;

namespace {

constexpr int64_t heads = 2, nope = 40, rope = 10, value = 37, query = nope + rope, keyValue = nope + value;

/// Both parts of a head's channels begin with a step.
float score(const Tensor &q, const Tensor &keys, const Tensor &rotary, int64_t row, int64_t key, int64_t head) {
  constexpr int64_t ropeStart = 64;
  auto of = [&](function_ref<float(int64_t)> first, function_ref<float(int64_t)> second) {
    return [=](int64_t k) { return k < nope ? first(k) : k < ropeStart ? 0.0f : second(k - ropeStart); };
  };
  return multiply(ropeStart + rope,
                  of([&](int64_t c) { return float(q.at(row, head * query + c)); },
                     [&](int64_t c) { return float(q.at(row, head * query + nope + c)); }),
                  of([&](int64_t c) { return float(keys.at(key, head * keyValue + c)); },
                     [&](int64_t c) { return float(rotary.at(key, c)); }));
}

// Every query sees the first key.
TEST_F(StepsTest, ScoresOfAttention) {
  constexpr int64_t length = 70;
  std::mt19937 generator(4);
  std::string text = llvm::formatv(R"(
    hadal.kernel attention @scores(%q: tensor<1x{0}x{1}xbf16>, %kv: tensor<1x{0}x{2}xbf16>, %r: tensor<1x{0}x{3}xbf16>, %p: tensor<1x{0}xi32>) -> (tensor<1x{0}x{4}xf32>, tensor<1x{5}x{0}xf32>) {{
      %o, %l = hadal.attention %q, %kv, %r positions(%p) {{heads = {5}, nope = {6}, value = {7}, scale = 1.0 : f64} : (tensor<1x{0}x{1}xbf16>, tensor<1x{0}x{2}xbf16>, tensor<1x{0}x{3}xbf16>, tensor<1x{0}xi32>) -> (tensor<1x{0}x{4}xf32>, tensor<1x{5}x{0}xf32>)
      hadal.yield %o, %l : tensor<1x{0}x{4}xf32>, tensor<1x{5}x{0}xf32>
    })",
                                   length, heads * query, heads * keyValue, rope, heads * value, heads, nope, value);
  SmallVector<Case> cases;
  for (auto [ofQueries, ofKeys] : {std::pair(Numbers::Ordinary, Numbers::Ordinary),
                                   {Numbers::Denormal, Numbers::Large},
                                   {Numbers::Tiny, Numbers::Tiny}}) {
    Tensor q = drawTensor({length, heads * query}, generator, ofQueries);
    Tensor keys = drawTensor({length, heads * keyValue}, generator, ofKeys);
    Tensor rotary = drawTensor({length, rope}, generator, ofKeys), positions({1, length});
    cases.push_back({{q, keys, rotary, positions},
                     {{}, [=](int64_t i) { return score(q, keys, rotary, i % length, 0, i / length) + 0.0f; }}});
  }
  check(text, cases);
}

// Equal weights of all keys up to a query's own, in two blocks. Values that are no numbers have no part in the outputs
// of earlier queries, which see other keys of the same step.
TEST_F(StepsTest, OutputsOfAttention) {
  constexpr int64_t length = 150, block = 128;
  std::mt19937 generator(5);
  std::string text = llvm::formatv(R"(
    hadal.kernel attention @outputs(%q: tensor<1x{0}x{1}xbf16>, %kv: tensor<1x{0}x{2}xbf16>, %r: tensor<1x{0}x{3}xbf16>) -> (tensor<1x{0}x{4}xf32>, tensor<1x{5}x{0}xf32>) {{
      %o, %l = hadal.attention %q, %kv, %r {{heads = {5}, nope = {6}, value = {7}, scale = 1.0 : f64} : (tensor<1x{0}x{1}xbf16>, tensor<1x{0}x{2}xbf16>, tensor<1x{0}x{3}xbf16>) -> (tensor<1x{0}x{4}xf32>, tensor<1x{5}x{0}xf32>)
      hadal.yield %o, %l : tensor<1x{0}x{4}xf32>, tensor<1x{5}x{0}xf32>
    })",
                                   length, heads * query, heads * keyValue, rope, heads * value, heads, nope, value);
  SmallVector<Case> cases;
  for (Numbers ofValues : {Numbers::Ordinary, Numbers::Denormal, Numbers::Special}) {
    Tensor q({length, heads * query}), keys = drawTensor({length, heads * keyValue}, generator, ofValues);
    // Scores are zero, not NaN.
    for (int64_t key = 0; key < length; ++key)
      for (int64_t head = 0; head < heads; ++head)
        for (int64_t c = 0; c < nope; ++c)
          keys.at(key, head * keyValue + c) = 1.0;
    cases.push_back({{q, keys, Tensor({length, rope})},
                     {[=](int64_t i) {
                        int64_t row = i / (heads * value), column = i % (heads * value);
                        column = column / value * keyValue + nope + column % value;
                        float output = 0.0f;
                        for (int64_t first = 0; first <= row; first += block) {
                          float sum = multiply(
                              std::min(block, row + 1 - first), [](int64_t) { return 1.0f; },
                              [&](int64_t k) { return float(keys.at(first + k, column)); });
                          output = first == 0 ? sum + 0.0f : output + (sum + 0.0f);
                        }
                        return output * (1.0f / float(row + 1));
                      },
                      {}}});
  }
  check(text, cases);
}

// Equal weights of all latents up to a query's own, in two blocks, from pages in no order. What only the first query
// sees may be no number, and has no part in the output of the second.
TEST_F(StepsTest, OutputsOfAttentionOnLatents) {
  constexpr int64_t length = 150, seenBySecond = 70, block = 128, rank = 37, page = 32;
  constexpr int64_t pages[] = {3, 0, 4, 1, 2};
  std::mt19937 generator(7);
  std::string text = llvm::formatv(R"(
    hadal.kernel attention @latents(%a: tensor<1x2x{0}xbf16>, %q: tensor<1x2x{1}xbf16>, %c: tensor<5x{2}x{3}xbf16>, %r: tensor<5x{2}x{4}xbf16>, %t: tensor<1x5xi32>, %p: tensor<1x2xi32>, %n: tensor<1xi32>) -> tensor<1x2x{0}xf32> {{
      %o = hadal.latent_attention %a, %q, %c, %r, %t, %p, %n {{heads = {5}, scale = 1.0 : f64} : (tensor<1x2x{0}xbf16>, tensor<1x2x{1}xbf16>, tensor<5x{2}x{3}xbf16>, tensor<5x{2}x{4}xbf16>, tensor<1x5xi32>, tensor<1x2xi32>, tensor<1xi32>) -> tensor<1x2x{0}xf32>
      hadal.yield %o : tensor<1x2x{0}xf32>
    })",
                                   heads * rank, heads * query, page, rank, rope, heads);
  SmallVector<Case> cases;
  for (auto [first, behind] : {std::pair(Numbers::Ordinary, Numbers::Ordinary),
                               {Numbers::Denormal, Numbers::Denormal},
                               {Numbers::Tiny, Numbers::Special}}) {
    Tensor cache({5, page, rank}), table({1, 5}), positions({1, 2}), lengths({1});
    for (int64_t i = 0; i < 5; ++i)
      table.data[i] = double(pages[i]);
    positions.data = {double(length - 1), double(seenBySecond - 1)};
    lengths.data = {double(length)};
    auto rowOf = [=](int64_t key) { return pages[key / page] * page + key % page; };
    for (int64_t key = 0; key < length; ++key)
      for (int64_t c = 0; c < rank; ++c)
        cache.at(rowOf(key), c) = draw(generator, key < seenBySecond ? first : behind);
    auto output = [=](int64_t i) {
      int64_t seen = i < heads * rank ? length : seenBySecond, channel = i % rank;
      float result = 0.0f;
      for (int64_t begin = 0; begin < seen; begin += block) {
        float sum = multiply(
            std::min(block, seen - begin), [](int64_t) { return 1.0f; },
            [&](int64_t k) { return float(cache.at(rowOf(begin + k), channel)); });
        result = begin == 0 ? sum + 0.0f : result + (sum + 0.0f);
      }
      // A score of zero times no number is none.
      bool isWhole = seen == seenBySecond || llvm::all_of(cache.data, [](double x) { return std::isfinite(x); });
      return isWhole ? result * (1.0f / float(seen)) : NAN;
    };
    cases.push_back({{Tensor({1, 2, heads * rank}), Tensor({1, 2, heads * query}), cache, Tensor({5, page, rope}),
                      table, positions, lengths},
                     {output}});
  }
  std::vector<std::string> onVectors = levels();
  onVectors.pop_back();
  check(text, cases, onVectors);
}

class AttentionGradient : public StepsTest {
protected:
  static constexpr int64_t length = 150, block = 128;

  /// Output and logarithms are zero: so is δ, and where scores are, too, weights are 1.
  static Case makeCase(const Tensor &q, const Tensor &keys, const Tensor &rotary, const Tensor &gradient,
                       ArrayRef<std::function<float(int64_t)>> expected) {
    Tensor output({length, heads * value}), logarithms({1, heads, length});
    return {{q, keys, rotary, output, logarithms, gradient}, SmallVector<std::function<float(int64_t)>>(expected)};
  }

  /// The derivatives of all scores, as products take them; zero where a query does not see a key.
  static std::vector<float> derivatives(const Tensor &keys, const Tensor &gradient) {
    std::vector<float> result(heads * length * length);
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t row = 0; row < length; ++row)
        for (int64_t key = 0; key <= row; ++key)
          result[(head * length + row) * length + key] = roundToBF16(multiply(
              value, [&](int64_t c) { return float(gradient.at(row, head * value + c)); },
              [&](int64_t c) { return float(keys.at(key, head * keyValue + nope + c)); }));
    return result;
  }

  /// Queries are zero.
  static Case makeCaseOfQueries(std::mt19937 &generator, Numbers numbers) {
    Tensor q({length, heads * query}), keys = drawTensor({length, heads * keyValue}, generator, Numbers::Ordinary);
    Tensor rotary = drawTensor({length, rope}, generator, Numbers::Ordinary);
    Tensor gradient = drawTensor({length, heads * value}, generator, numbers);
    std::vector<float> slopes = derivatives(keys, gradient);
    auto ofQueries = [=](int64_t i) {
      int64_t row = i / (heads * query), head = i / query % heads, channel = i % query;
      auto channelOf = [&](int64_t key) {
        return float(channel < nope ? keys.at(key, head * keyValue + channel) : rotary.at(key, channel - nope));
      };
      float sum = 0.0f;
      for (int64_t first = 0; first <= row; first += block)
        sum += multiply(
            std::min(block, row + 1 - first),
            [&](int64_t k) { return slopes[(head * length + row) * length + first + k]; },
            [&](int64_t k) { return channelOf(first + k); });
      return sum;
    };
    auto ofValues = [=](int64_t i) {
      int64_t key = i / (heads * keyValue), head = i / keyValue % heads, channel = i % keyValue - nope;
      if (channel < 0) // queries are zero
        return 0.0f;
      return multiply(
          length, [&](int64_t row) { return row < key ? 0.0f : 1.0f; },
          [&](int64_t row) { return float(gradient.at(row, head * value + channel)); });
    };
    return makeCase(q, keys, rotary, gradient, {ofQueries, ofValues, [](int64_t) { return 0.0f; }});
  }

  /// Keys are zero.
  static Case makeCaseOfKeys(std::mt19937 &generator, Numbers numbers) {
    Tensor q = drawTensor({length, heads * query}, generator, Numbers::Ordinary), rotary({length, rope});
    Tensor keys = drawTensor({length, heads * keyValue}, generator, Numbers::Ordinary);
    for (int64_t key = 0; key < length; ++key)
      for (int64_t head = 0; head < heads; ++head)
        for (int64_t c = 0; c < nope; ++c)
          keys.at(key, head * keyValue + c) = 0.0;
    Tensor gradient = drawTensor({length, heads * value}, generator, numbers);
    std::vector<float> slopes = derivatives(keys, gradient);
    auto ofKey = [=](int64_t key, int64_t head, int64_t channel) {
      return multiply(
          length, [&](int64_t row) { return slopes[(head * length + row) * length + key]; },
          [&](int64_t row) { return float(q.at(row, head * query + channel)); });
    };
    auto ofKeys = [=](int64_t i) {
      int64_t key = i / (heads * keyValue), head = i / keyValue % heads, channel = i % keyValue;
      if (channel < nope)
        return ofKey(key, head, channel);
      return multiply(
          length, [&](int64_t row) { return row < key ? 0.0f : 1.0f; },
          [&](int64_t row) { return float(gradient.at(row, head * value + channel - nope)); });
    };
    // The heads' parts are added in order.
    auto ofRotary = [=](int64_t i) {
      float sum = 0.0f;
      for (int64_t head = 0; head < heads; ++head)
        sum += ofKey(i / rope, head, nope + i % rope);
      return sum;
    };
    return makeCase(q, keys, rotary, gradient, {{}, ofKeys, ofRotary});
  }
};

TEST_F(AttentionGradient, OfEveryOperand) {
  std::mt19937 generator(6);
  std::string text = llvm::formatv(R"(
    hadal.kernel attention @gradient(%q: tensor<1x{0}x{1}xbf16>, %kv: tensor<1x{0}x{2}xbf16>, %r: tensor<1x{0}x{3}xbf16>, %o: tensor<1x{0}x{4}xbf16>, %l: tensor<1x{5}x{0}xf32>, %g: tensor<1x{0}x{4}xbf16>) -> (tensor<1x{0}x{1}xf32>, tensor<1x{0}x{2}xf32>, tensor<1x{0}x{3}xf32>) {{
      %0:3 = hadal.attention_gradient %q, %kv, %r, %o, %l, %g {{heads = {5}, nope = {6}, value = {7}, scale = 1.0 : f64} : (tensor<1x{0}x{1}xbf16>, tensor<1x{0}x{2}xbf16>, tensor<1x{0}x{3}xbf16>, tensor<1x{0}x{4}xbf16>, tensor<1x{5}x{0}xf32>, tensor<1x{0}x{4}xbf16>) -> (tensor<1x{0}x{1}xf32>, tensor<1x{0}x{2}xf32>, tensor<1x{0}x{3}xf32>)
      hadal.yield %0#0, %0#1, %0#2 : tensor<1x{0}x{1}xf32>, tensor<1x{0}x{2}xf32>, tensor<1x{0}x{3}xf32>
    })",
                                   length, heads * query, heads * keyValue, rope, heads * value, heads, nope, value);
  SmallVector<Case> cases;
  for (Numbers numbers : {Numbers::Ordinary, Numbers::Tiny}) {
    cases.push_back(makeCaseOfQueries(generator, numbers));
    cases.push_back(makeCaseOfKeys(generator, numbers));
  }
  check(text, cases);
}

} // namespace
