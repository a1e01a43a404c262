// The loops of the softmax, over vectors of 16 lanes on every level. Vectors go through references: by value they would
// be passed in other registers on every level.
#include "runtime/sampling/LogSumExp.h"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#pragma clang fp contract(off)

#define HADAL_INLINE [[gnu::always_inline]] inline

namespace hadal {

namespace {

// The numbers of codegen/Target/Arithmetic.h and codegen/Emit/Softmax.h, which the runtime does not see;
// test/codegen/CPU/SamplerTest.cpp holds these functions against the kernel.
constexpr size_t lanes = 16, vocabularyBlock = 1024;
constexpr float lowestLogit = -1.0e30f;

constexpr float ln2High = 0.693359375f, ln2Low = -2.12194440e-4f;
constexpr float infinity = std::numeric_limits<float>::infinity();

using Vector = float __attribute__((vector_size(lanes * sizeof(float))));
using Integers = int32_t __attribute__((vector_size(lanes * sizeof(int32_t))));

HADAL_INLINE void load(Vector &vector, const float *from) { std::memcpy(&vector, from, sizeof vector); }

/// The first `count` lanes; the others are `rest`.
HADAL_INLINE void loadPart(Vector &vector, const float *from, size_t count, float rest) {
  vector = Vector{} + rest;
  std::memcpy(&vector, from, count * sizeof(float));
}

HADAL_INLINE void exponentiate(Vector &x) {
  constexpr float rounder = 12582912.0f; // 1.5 * 2^23
  constexpr float coefficients[] = {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                                    5.0000001201e-1f};
  const Vector low = Vector{} - 105.0f, high = Vector{} + 89.0f, inverse = Vector{} + 1.44269504088896341f;
  x = x < low ? low : x;
  x = high < x ? high : x;
  Vector shifted = __builtin_elementwise_fma(x, inverse, Vector{} + rounder);
  Vector n = shifted - rounder;
  Vector r = __builtin_elementwise_fma(n, Vector{} - ln2High, x);
  r = __builtin_elementwise_fma(n, Vector{} - ln2Low, r);
  Vector q = Vector{} + 1.9875691500e-4f;
  for (float coefficient : coefficients)
    q = __builtin_elementwise_fma(q, r, Vector{} + coefficient);
  Vector p = __builtin_elementwise_fma(q, r * r, r) + 1.0f;
  // 2^n in two steps, because 2^n alone may not be a normal number.
  Integers integer = __builtin_bit_cast(Integers, shifted) - std::bit_cast<int32_t>(rounder);
  Integers half = integer >> 1;
  x = p * __builtin_bit_cast(Vector, (half + 127) << 23) * __builtin_bit_cast(Vector, (integer - half + 127) << 23);
}

HADAL_INLINE float exponential(float number) {
  Vector x = Vector{} + number;
  exponentiate(x);
  return x[0];
}

/// Of 0 or a number from 1 on: the largest exponential of a row is 1. NaN and infinity stand for themselves.
HADAL_INLINE float logarithmOfSum(float sum) {
  constexpr float coefficients[] = {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                                    -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f};
  int32_t bits = std::bit_cast<int32_t>(sum), exponent = (bits >> 23) - 126;
  // m in [1/2, 1) with the exponent of 1/2, then doubled where it is below sqrt(1/2).
  float m = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000);
  bool isLow = m < 0.707106781186547524f;
  float e = static_cast<float>(isLow ? exponent - 1 : exponent);
  float f = (isLow ? m + m : m) - 1.0f, square = f * f, q = 7.0376836292e-2f;
  for (float coefficient : coefficients)
    q = __builtin_elementwise_fma(q, f, coefficient);
  float y = q * f * square;
  y = __builtin_elementwise_fma(e, ln2Low, y);
  y = __builtin_elementwise_fma(-0.5f, square, y);
  float result = __builtin_elementwise_fma(e, ln2High, f + y);
  if (sum == 0)
    return -infinity;
  return sum < infinity ? result : sum;
}

/// Joins the lanes by halves: i and i + 8, then 4, 2, 1.
template <class Join> HADAL_INLINE float joinLanes(Vector &vector, Join join) {
  for (size_t half = lanes / 2; half > 0; half /= 2)
    for (size_t lane = 0; lane < half; ++lane)
      vector[lane] = join(vector[lane], vector[lane + half]);
  return vector[0];
}

HADAL_INLINE float larger(float a, float b) { return a < b ? b : a; }

HADAL_INLINE float largest(const float *z, size_t length) {
  Vector values, found = Vector{} - infinity;
  size_t i = 0;
  for (; i + lanes <= length; i += lanes) {
    load(values, z + i);
    found = found < values ? values : found;
  }
  if (i < length) {
    loadPart(values, z + i, length - i, -infinity);
    found = found < values ? values : found;
  }
  return joinLanes(found, larger);
}

/// Σ exp(z - maximum) of one block. A lane without an element gets +0, which changes no sum that is not negative.
HADAL_INLINE float sumOfBlock(const float *z, size_t length, float maximum) {
  Vector x, sum = {};
  size_t i = 0;
  for (; i + lanes <= length; i += lanes) {
    load(x, z + i);
    x -= maximum;
    exponentiate(x);
    sum += x;
  }
  if (i < length) {
    loadPart(x, z + i, length - i, -infinity);
    x -= maximum;
    exponentiate(x);
    for (size_t lane = 0; lane < length - i; ++lane)
      sum[lane] += x[lane];
  }
  return joinLanes(sum, [](float a, float b) { return a + b; });
}

HADAL_INLINE LogSumExp logSumExp(const float *z, size_t length) {
  float maximum = lowestLogit, sum = 0;
  for (size_t first = 0; first < length; first += vocabularyBlock) {
    size_t block = length - first < vocabularyBlock ? length - first : vocabularyBlock;
    float blockMaximum = largest(z + first, block), blockSum = sumOfBlock(z + first, block, blockMaximum);
    float joined = larger(maximum, blockMaximum);
    float kept = exponential(maximum - joined), added = exponential(blockMaximum - joined);
    sum = __builtin_elementwise_fma(blockSum, added, sum * kept);
    maximum = joined;
  }
  return {maximum, logarithmOfSum(sum)};
}

HADAL_INLINE void exponentiate(float *numbers, size_t count) {
  Vector x;
  for (size_t i = 0; i < count; i += lanes) {
    size_t part = count - i < lanes ? count - i : lanes;
    loadPart(x, numbers + i, part, 0);
    exponentiate(x);
    std::memcpy(numbers + i, &x, part * sizeof(float));
  }
}

/// The three loops as they are compiled for one level.
struct Loops {
  LogSumExp (*logSumExp)(const float *, size_t);
  void (*exponentiate)(float *, size_t);
  float (*largest)(const float *, size_t);
};

#define HADAL_LOOPS(name, target)                                                                                      \
  target LogSumExp logSumExp##name(const float *z, size_t length) { return logSumExp(z, length); }                     \
  target void exponentiate##name(float *numbers, size_t count) { exponentiate(numbers, count); }                       \
  target float largest##name(const float *z, size_t length) { return largest(z, length); }                             \
  constexpr Loops loops##name = {logSumExp##name, exponentiate##name, largest##name};

HADAL_LOOPS(Baseline, )
HADAL_LOOPS(AVX2, [[gnu::target("avx2,fma")]])
HADAL_LOOPS(AVX512, [[gnu::target("avx512f,avx2,fma")]])

std::atomic<VectorLevel> &chosenLevel() {
  static std::atomic<VectorLevel> level = [] {
    if (__builtin_cpu_supports("avx512f"))
      return VectorLevel::AVX512;
    bool hasAVX2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return hasAVX2 ? VectorLevel::AVX2 : VectorLevel::Baseline;
  }();
  return level;
}

const Loops &loops() {
  switch (chosenLevel()) {
  case VectorLevel::AVX512:
    return loopsAVX512;
  case VectorLevel::AVX2:
    return loopsAVX2;
  default:
    return loopsBaseline;
  }
}

} // namespace

VectorLevel vectorLevel() { return chosenLevel(); }
void setVectorLevel(VectorLevel level) { chosenLevel() = level; }

LogSumExp logSumExp(std::span<const float> logits) { return loops().logSumExp(logits.data(), logits.size()); }
void exponentiate(std::span<float> numbers) { loops().exponentiate(numbers.data(), numbers.size()); }
float largestOf(std::span<const float> numbers) { return loops().largest(numbers.data(), numbers.size()); }

} // namespace hadal
