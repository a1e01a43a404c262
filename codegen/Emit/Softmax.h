//===- Softmax.h - softmaxes in parts -----------------------------------------------------------------------------===//
//
// A softmax over a long row is formed in blocks (of keys, of the vocabulary), each from its own maximum M and with its
// own sum L = Σ exp(x - M); what is summed with its weights, O = Σ exp(x - M) v, likewise. Two neighbouring parts are
// joined to one:
//
//   m = max(m₁, m₂),  s₁ = exp(m₁ - m),  s₂ = exp(m₂ - m),  l = l₁ s₁ + l₂ s₂,  o = o₁ s₁ + o₂ s₂
//
// Parts are joined from left to right, by this one function everywhere: the bits of a row then depend on where blocks
// begin and on nothing else (docs/rationale/arithmetic.md). Where exponentials are those of base 2, as on GPUs, maxima
// carry the factor log₂ e.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_SOFTMAX_H
#define HADAL_CODEGEN_EMIT_SOFTMAX_H

#include "codegen/Emit/KernelBuilder.h"

namespace hadal {

/// Less than every logit, but finite, so that differences are no NaN. With the sum 0 it is the softmax of nothing,
/// which joined with any part is that part.
constexpr double lowestLogit = -1.0e30;

/// The softmax of a part of a row, without its weights.
struct SoftmaxPart {
  mlir::Value maximum, sum;
};

/// What the parts' sums are multiplied with before they are added.
struct JoinShares {
  mlir::Value kept, added;

  /// o₁ s₁ + o₂ s₂; numbers or vectors, as the shares are.
  mlir::Value join(KernelBuilder &k, mlir::Value before, mlir::Value next) const {
    return k.fma(next, added, k.mulf(before, kept));
  }
};

struct JoinedSoftmax {
  SoftmaxPart part;
  JoinShares shares;
};

/// Joins the part so far with the one that follows it. `exponential`: of numbers that are not positive (null: exp).
JoinedSoftmax joinSoftmax(KernelBuilder &k, const SoftmaxPart &before, const SoftmaxPart &next,
                          llvm::function_ref<mlir::Value(mlir::Value)> exponential = {});

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_SOFTMAX_H
