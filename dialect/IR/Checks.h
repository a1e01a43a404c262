//===- Checks.h - what the verifiers of the operations share ------------------------------------------------------===//
//
// A verifier is a list of expectations. `Checks` tests them in turn, reports the first that fails in one message with
// what was expected and what was found, and skips the rest. Lengths are compatible when they are equal or one of them
// is open (`?`), so that the same verifier serves open and closed shapes.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_CHECKS_H
#define HADAL_DIALECT_IR_CHECKS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include <optional>

namespace hadal {

/// The greatest length, of channels, experts or a vocabulary, that the dialect represents.
constexpr int64_t mostLength = int64_t(1) << 20;

/// The length of the last dimension; open for a scalar.
int64_t channels(mlir::RankedTensorType type);
/// The length of the first dimension; open for a scalar.
int64_t firstLength(mlir::RankedTensorType type);
/// All lengths but the last.
llvm::ArrayRef<int64_t> leading(mlir::RankedTensorType type);
/// The leading lengths of a type followed by another one.
llvm::SmallVector<int64_t> withChannels(mlir::RankedTensorType type, int64_t last);
/// The product of the lengths; open when one of them is, and when it does not fit 64 bits.
int64_t countElements(llvm::ArrayRef<int64_t> shape);
/// a + b; open when one of them is, and when it does not fit 64 bits.
int64_t addLengths(int64_t a, int64_t b);
/// Whether two lengths can be the same.
bool compatible(int64_t a, int64_t b);
/// The most elements of a tensor: far beyond any model, and few enough that the bytes of a whole program fit 64 bits.
constexpr int64_t mostElements = int64_t(1) << 42;
/// Whether a tensor has at most so many elements; open lengths count as one.
bool isCountable(mlir::Type type);

/// The range of the real numbers in attributes, which keeps squares and quotients of them in f32.
constexpr double leastReal = 1.0e-30, mostReal = 1.0e30;
/// What is wrong with a real number that should lie in [low, high]: "expects NAME to be ..."; empty when nothing is. Every
/// real number of an attribute is judged here: none is infinite or not a number.
std::string findRealFault(llvm::StringRef name, double value, double low, double high = mostReal);

/// A shape as types have it: `?x?x64`.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

class Checks {
public:
  explicit Checks(mlir::Operation *op) : op(op) {}

  /// The tensor has a number of dimensions, which `meaning` explains ("batch × sequence").
  Checks &rank(llvm::StringRef name, mlir::RankedTensorType type, int64_t rank, llvm::StringRef meaning);
  /// The tensor has channels, a closed last dimension, after at least one leading dimension.
  Checks &rows(llvm::StringRef name, mlir::RankedTensorType type);
  /// The tensor can have a shape, whose dimensions `meaning` explains.
  Checks &shape(llvm::StringRef name, mlir::RankedTensorType type, llvm::ArrayRef<int64_t> expected,
                llvm::StringRef meaning);
  /// All tensors have one element type.
  Checks &sameElementType(mlir::TypeRange types);
  /// The factors of a product have one element type; each result has that type or is f32.
  Checks &productTypes(mlir::TypeRange factors, mlir::TypeRange results);
  /// low <= value <= high, where `meaning` says what the bounds are.
  Checks &range(llvm::StringRef name, int64_t value, int64_t low, int64_t high, llvm::StringRef meaning);
  /// value >= 1.
  Checks &positive(llvm::StringRef name, int64_t value);
  /// A length within bounds far above any model, which keep the products of a few of them in 64 bits.
  Checks &length(llvm::StringRef name, int64_t value);
  /// A number above zero, with its square within f32.
  Checks &positiveReal(llvm::StringRef name, const llvm::APFloat &value);
  /// The type in which products are formed is a floating-point type that some target has.
  Checks &computeType(std::optional<mlir::Type> type);
  /// An expectation of its own, with its message.
  Checks &expect(bool holds, const llvm::Twine &message);

  operator llvm::LogicalResult() const { return llvm::success(good); }

private:
  mlir::Operation *op;
  bool good = true;
};

} // namespace hadal

#endif // HADAL_DIALECT_IR_CHECKS_H
