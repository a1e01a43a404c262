//===- Inputs.h - reproducible inputs for the evaluator and for checks of kernels ---------------------------------===//
//
// Random tensors that depend on a seed and on a name only, so that a model, the program made of it and its kernels are
// run on the same parameters and the same tokens, in any order, on any machine.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_REFERENCE_INPUTS_H
#define HADAL_DIALECT_REFERENCE_INPUTS_H

#include "dialect/Reference/WeightFiles.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace hadal::reference {

class Inputs {
public:
  /// The lengths that open leading dimensions take.
  explicit Inputs(uint64_t seed, int64_t batch = 1, int64_t positions = 8)
      : seed(seed), batch(batch), positions(positions) {}

  /// Numbers in [low, high), whole ones for integers.
  Tensor uniform(llvm::StringRef name, mlir::ShapedType type, double low, double high) const;

  /// Takes parameters from files instead of drawing them.
  void setWeights(const WeightFiles *files) { weights = files; }
  /// Takes windows from these tokens instead of drawing them: sequence k starts at token k · stride.
  void setTokens(std::vector<int64_t> stream, int64_t sequenceStride) {
    tokens = std::move(stream);
    stride = sequenceStride;
  }

  /// A parameter: vectors lie around 1, matrices keep the variance of what they multiply. Failure when the files do not
  /// have it.
  llvm::FailureOr<Tensor> parameter(llvm::StringRef name, mlir::RankedTensorType type) const;

  /// The value of a function's argument:
  ///   `hadal.value = dense<...>`         that constant;
  ///   `hadal.range = [low, high]`        numbers in [low, high);
  ///   `hadal.parameter = @name`          that parameter;
  ///   `hadal.gradient`, `hadal.first_moment`, `hadal.second_moment`, `hadal.state`  zeros, as at the start of a step;
  ///   `hadal.scalar = "name"`            a number in [0.5, 1);
  ///   `hadal.input`, or a model's window tokens below the vocabulary;
  ///   otherwise                          [-1, 1) for floats, 0 for integers.
  llvm::FailureOr<Tensor> argument(mlir::FunctionOpInterface function, unsigned index) const;
  /// The values of all arguments.
  llvm::FailureOr<llvm::SmallVector<Tensor>> arguments(mlir::FunctionOpInterface function) const;

private:
  /// The shape of a type with its open lengths closed, and zeros of that shape.
  llvm::SmallVector<int64_t> closed(mlir::ShapedType type) const;
  Tensor empty(mlir::ShapedType type) const;
  llvm::FailureOr<Tensor> window(mlir::FunctionOpInterface function, mlir::ShapedType type) const;

  const WeightFiles *weights = nullptr;
  std::vector<int64_t> tokens;
  int64_t stride = 0;
  uint64_t seed;
  int64_t batch, positions;
};

} // namespace hadal::reference

#endif // HADAL_DIALECT_REFERENCE_INPUTS_H
