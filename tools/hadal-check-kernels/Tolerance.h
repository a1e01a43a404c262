//===- Tolerance.h - how far a kernel may be from the reference ---------------------------------------------------===//
//
// Kernels compute in float32 and add in another order than the definition; the reference computes in float64. With ε =
// 2^-24 (half a unit in the last place of 1) and K the longest dimension of the kernel's tensors (no sum is longer, but
// for products over rows and columns at once):
//
//   contraction   4 ε √K S + 4 ε |r|, where S is the same element of the kernel evaluated on absolute values, so that
//                 S = Σ |a||b| for a product;
//   others        4 ε √K (|r| + mean of |r| over the result): along a row terms of both signs and similar size are
//                 added, and elementary functions are right to 2 ulp;
//   integers      none.
//
// Attention and heads on bf16 multiply numbers that they have computed themselves, softmax's weights and their
// derivatives, and may round these to bf16 as well: a relative error of 2^-9 of every term, of either sign. 2^-5 of the
// mean of |r| over the element's row is added for it.
//
// A sum that is off by this much may be rounded to the other of two neighbours in bf16, which lie up to 2^-7 |r| apart.
// This is added for results in bf16, and 2^-7 (|r| + mean of |r|) for those that are computed from a number that the
// kernel rounded.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_TOLERANCE_H
#define HADAL_TOOLS_CHECK_KERNELS_TOLERANCE_H

#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"

namespace hadal::check {

/// The largest error of a result.
struct Comparison {
  /// Of error / tolerance; infinite where one is NaN and the other is not, or they are different infinities.
  double worst = 0.0;
  /// Where, and what was there.
  int64_t index = 0;
  double got = 0.0, expected = 0.0, tolerance = 0.0;
};

/// The reference's results and what they may be off by.
struct Reference {
  llvm::SmallVector<reference::Tensor> results, tolerances;

  static mlir::FailureOr<Reference> evaluate(KernelOp kernel, llvm::ArrayRef<reference::Tensor> inputs);
  Comparison compare(unsigned result, const reference::Tensor &got) const;
};

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_TOLERANCE_H
