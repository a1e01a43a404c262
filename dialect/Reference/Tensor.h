//===- Tensor.h - the value of the reference evaluator ------------------------------------------------------------===//
//
// A dense tensor in float64. Integers (tokens, indices, FP8 codes as the real numbers they stand for) are held as
// doubles, which is exact below 2^53.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_REFERENCE_TENSOR_H
#define HADAL_DIALECT_REFERENCE_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <vector>

namespace hadal::reference {

/// A larger tensor does not belong to a model that is small enough to be evaluated.
constexpr int64_t mostElementsEvaluated = int64_t(1) << 28;

struct Tensor {
  /// Row-major.
  llvm::SmallVector<int64_t> shape;
  std::vector<double> data;

  Tensor() = default;
  explicit Tensor(llvm::ArrayRef<int64_t> shape, double fill = 0.0) : shape(shape), data(elementCount(shape), fill) {}

  static int64_t elementCount(llvm::ArrayRef<int64_t> shape) {
    int64_t count = 1;
    for (int64_t length : shape)
      count *= length;
    return count;
  }

  int64_t size() const { return data.size(); }
  int64_t rank() const { return shape.size(); }
  /// Length of the last dimension (1 for a scalar) and the product of the others.
  int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  int64_t rows() const { return columns() == 0 ? 0 : size() / columns(); }
  /// Element of the tensor seen as a rows × columns matrix.
  double &at(int64_t row, int64_t column) { return data[row * columns() + column]; }
  double at(int64_t row, int64_t column) const { return data[row * columns() + column]; }
};

} // namespace hadal::reference

#endif // HADAL_DIALECT_REFERENCE_TENSOR_H
