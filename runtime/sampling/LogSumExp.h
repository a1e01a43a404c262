// The softmax of logits on the host, to the bits of the kernel of the head.
//
// What a sampler reports of a token is what `evaluate` computes for the same logits, so the sums have the same order
// (docs/rationale/arithmetic.md, rules 4 to 6): blocks of 1,024 tokens, each from its own maximum, its exponentials
// added to 16 lanes that are joined by halves, the blocks joined from left to right. exp and log are the polynomials of
// codegen/Emit/MathExpansion.cpp, step by step. The runtime is compiled for every x86-64, so the loops exist three
// times (AVX-512, AVX2, neither), with the same bits: a fused multiply-add is asked for by name, and nothing else is
// fused.
#ifndef HADAL_RUNTIME_SAMPLING_LOGSUMEXP_H
#define HADAL_RUNTIME_SAMPLING_LOGSUMEXP_H

#include <span>

namespace hadal {

/// log Σ exp z of a row of logits, kept in two numbers.
struct LogSumExp {
  float maximum, logarithm; // of the largest logit, and log Σ exp(z - maximum)

  /// The log-probability of a token with this logit.
  float logProbability(float logit) const { return -((maximum - logit) + logarithm); }
};

LogSumExp logSumExp(std::span<const float> logits);

/// Replaces every number by its exponential.
void exponentiate(std::span<float> numbers);

/// The largest number; none may be NaN.
float largestOf(std::span<const float> numbers);

/// Which instructions the loops are compiled for; by default the most that this CPU has. Tests compare them.
enum class VectorLevel { Baseline, AVX2, AVX512 };
VectorLevel vectorLevel();
void setVectorLevel(VectorLevel level);

} // namespace hadal

#endif // HADAL_RUNTIME_SAMPLING_LOGSUMEXP_H
