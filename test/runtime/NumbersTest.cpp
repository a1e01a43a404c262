// Initial values, schedules, and widening of 16-bit floats.
#include "runtime/core/HalfPrecision.h"
#include "runtime/core/Initializer.h"
#include "runtime/core/Schedule.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

#include <bit>
#include <cmath>

namespace hadal::test {
namespace {

using Words = std::array<uint32_t, 4>;

TEST(InitializerTest, PhiloxAgreesWithItsPublishedVectors) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(InitializerTest, NormalNumbersHaveTheirMoments) {
  std::vector<float> values(1 << 20);
  fillNormal(values, 0, 0.5f, 42, "weight");
  double sum = 0, squares = 0, fourth = 0, largest = 0, neighbours = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    double value = values[i] / 0.5;
    sum += value;
    squares += value * value;
    fourth += std::pow(value, 4);
    largest = std::max(largest, std::abs(value));
    neighbours += i ? value * values[i - 1] / 0.5 : 0;
  }
  double count = static_cast<double>(values.size()), error = 4 / std::sqrt(count); // four standard deviations
  EXPECT_NEAR(sum / count, 0, error);
  EXPECT_NEAR(squares / count, 1, error * std::sqrt(2));
  EXPECT_NEAR(fourth / count, 3, error * std::sqrt(96));
  EXPECT_NEAR(neighbours / count, 0, error);
  EXPECT_GT(largest, 4.2);
  EXPECT_LT(largest, 6.7);
}

TEST(InitializerTest, AnElementDependsOnSeedNameAndPlaceOnly) {
  std::vector<float> whole(1000), part(100), other(1000);
  fillNormal(whole, 0, 1, 42, "weight");
  for (uint64_t first : {0, 1, 2, 3, 517, 900}) {
    fillNormal(part, first, 1, 42, "weight");
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<long>(first))) << first;
  }
  fillNormal(other, 0, 1, 43, "weight");
  EXPECT_NE(whole, other);
  fillNormal(other, 0, 1, 42, "weights");
  EXPECT_NE(whole, other);
}

TEST(InitializerTest, ParametersDoNotDependOnThreads) {
  BigramModel model;
  std::vector<float> first;
  for (unsigned threads : {1u, 2u, 3u}) {
    Session session(model.program(), {.threads = threads});
    initializeParameters(session, 9);
    std::vector<float> table = session.read<float>(session.require(HADAL_PARAMETER, "model.embed_tokens.weight"));
    if (first.empty())
      first = table;
    EXPECT_EQ(table, first);
  }
}

TEST(ScheduleTest, ConstantWithoutWarmup) {
  Schedule schedule{.maximum = 0.01};
  for (int64_t step : {1, 2, 1000})
    EXPECT_EQ(schedule.learningRate(step), 0.01);
}

TEST(ScheduleTest, WarmupThenConstant) {
  Schedule schedule{.maximum = 1, .warmupSteps = 4};
  for (int64_t step : {1, 2, 3, 4})
    EXPECT_DOUBLE_EQ(schedule.learningRate(step), 0.25 * static_cast<double>(step));
  EXPECT_EQ(schedule.learningRate(5), 1);
}

TEST(ScheduleTest, Cosine) {
  Schedule schedule{.maximum = 1, .minimum = 0.1, .warmupSteps = 10, .decay = DecayStyle::Cosine, .decaySteps = 110};
  EXPECT_DOUBLE_EQ(schedule.learningRate(10), 1);
  EXPECT_NEAR(schedule.learningRate(35), 0.1 + 0.9 * (1 + std::sqrt(0.5)) / 2, 1e-12);
  EXPECT_NEAR(schedule.learningRate(60), 0.55, 1e-12);
  EXPECT_EQ(schedule.learningRate(110), 0.1);
  EXPECT_EQ(schedule.learningRate(500), 0.1);
}

/// What the 16 bits mean by the definition of the format.
float meaning(uint16_t bits, int exponentBits, int mantissaBits) {
  int exponent = bits >> mantissaBits & ((1 << exponentBits) - 1), mantissa = bits & ((1 << mantissaBits) - 1);
  int bias = (1 << (exponentBits - 1)) - 1;
  float sign = bits & 0x8000 ? -1.0f : 1.0f;
  if (exponent == (1 << exponentBits) - 1)
    return mantissa ? NAN : sign * INFINITY;
  if (exponent == 0)
    return sign * static_cast<float>(std::ldexp(mantissa, 1 - bias - mantissaBits));
  return sign * static_cast<float>(std::ldexp((1 << mantissaBits) + mantissa, exponent - bias - mantissaBits));
}

TEST(HalfPrecisionTest, AllValuesAreExact) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    uint16_t half = static_cast<uint16_t>(bits);
    for (auto [actual, expected] :
         {std::pair(widenFloat16(half), meaning(half, 5, 10)), std::pair(widenBfloat16(half), meaning(half, 8, 7))}) {
      if (std::isnan(expected))
        ASSERT_TRUE(std::isnan(actual)) << bits;
      else
        ASSERT_EQ(std::bit_cast<uint32_t>(actual), std::bit_cast<uint32_t>(expected)) << bits;
    }
  }
}

} // namespace
} // namespace hadal::test
