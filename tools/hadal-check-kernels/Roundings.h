//===- Roundings.h - a kernel's body in float64, exactly and with roundings ---------------------------------------===//
//
// The same definitions as the reference evaluator's, run once without any error and several times with errors as large
// as a kernel's arithmetic may make them, each of a random sign. How far the results move says how exactly the kernel
// can be expected to compute them (Tolerance.h).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_ROUNDINGS_H
#define HADAL_TOOLS_CHECK_KERNELS_ROUNDINGS_H

#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"
#include <random>

namespace hadal::check {

/// Half a unit in the last place of 1, in f32: the largest relative error of one operation.
constexpr double epsilon = 0x1p-24;

/// Half the distance of the bf16 numbers around a value: how far rounding moves it at most.
double halfUnit(double value);

/// One way that the roundings of a kernel's arithmetic may go.
class Roundings {
public:
  /// Samples 2n and 2n + 1 take every decision between neighbours in bf16 in opposite ways.
  explicit Roundings(uint64_t sample) : decisions(sample / 2), errors(~sample), opposite(sample % 2 != 0) {}

  /// Moves every element by this part of it, up or down.
  void disturb(reference::Tensor &tensor, double relative);
  /// To a type of bf16; elements in the middle between two neighbours, as far as f32 can tell, go to either.
  void roundToBF16(mlir::Type type, reference::Tensor &tensor);
  /// A factor rounded to bf16, as far off as it may be, whatever power of two or scale it is rounded with.
  double roundFactor(double value) { return value + sign(errors) * 0x1p-8 * value; }

private:
  static double sign(std::mt19937_64 &generator) { return generator() >> 63 ? -1.0 : 1.0; }

  std::mt19937_64 decisions, errors;
  bool opposite;
};

/// The results of a kernel, where the last rounding to bf16 is not done; with `roundings`, as these make them.
mlir::FailureOr<llvm::SmallVector<reference::Tensor>>
evaluateBody(KernelOp kernel, llvm::ArrayRef<reference::Tensor> inputs, Roundings *roundings = nullptr);

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_ROUNDINGS_H
