//===- Tolerance.h - how far a kernel may be from the reference ---------------------------------------------------===//
//
// Kernels compute in float32 and add in another order than the definition; the reference computes in float64. How much
// that may change an element depends on how long its sums are, on whether their terms cancel, on how steep functions
// are. So it is measured: the body is evaluated several times more with errors put in wherever a kernel makes some,
// each as large as it may be and of a random sign (Roundings.h):
//
//   f32      ε √K on every operand of an operation and ε (6 + √K) on every result, with ε = 2^-24 (half a unit in the
//            last place of 1) and K the longest sum, 1 for elementwise operations;
//   bf16     what the body rounds to bf16, and later reads, goes to either neighbour where it lies in the middle;
//   factors  numbers that an operation computes and multiplies with operands in bf16 (InnerFactorsOpInterface: the
//            weights of softmax, derivatives) are off by 2^-8 of themselves.
//
// Where d are the distances of an element's values from the reference, and m and s the mean and the standard
// deviation of |d|, the tolerance is
//
//   m + 6 s + 2 ε |r|,  with s no less than half of its typical value along the element's row.
//
// An error that passes through has the same |d| every time: s is zero and m is the bound. A sum of many errors is
// normally distributed, and m + 6 s is 4.4 standard deviations of errors that are all as large as they may be.
//
// Results in bf16 are held against the reference before it is rounded, and half a unit in the last place of bf16 is
// added. Integers have no tolerance.
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

/// The reference's results, not rounded to bf16, and what they may be off by.
struct Reference {
  llvm::SmallVector<reference::Tensor> results, tolerances;

  static mlir::FailureOr<Reference> evaluate(KernelOp kernel, llvm::ArrayRef<reference::Tensor> inputs);
  Comparison compare(unsigned result, const reference::Tensor &got) const;
};

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_TOLERANCE_H
