//===- Checks.cpp - what the verifiers of the operations share ----------------------------------------------------===//
//
// The expectations declared in Checks.h and their messages.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

int64_t hadal::channels(RankedTensorType type) {
  return type.getRank() == 0 ? ShapedType::kDynamic : type.getShape().back();
}

int64_t hadal::firstLength(RankedTensorType type) {
  return type.getRank() == 0 ? ShapedType::kDynamic : type.getShape().front();
}

ArrayRef<int64_t> hadal::leading(RankedTensorType type) {
  return type.getRank() == 0 ? type.getShape() : type.getShape().drop_back();
}

SmallVector<int64_t> hadal::withChannels(RankedTensorType type, int64_t last) {
  SmallVector<int64_t> shape(leading(type));
  shape.push_back(last);
  return shape;
}

int64_t hadal::countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t length : shape)
    if (length == ShapedType::kDynamic || llvm::MulOverflow(count, length, count))
      return ShapedType::kDynamic;
  return count;
}

bool hadal::isCountable(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return true;
  int64_t count = 1;
  for (int64_t length : tensor.getShape()) {
    // Nothing is counted beside a length of 0, which would hide any number of others.
    int64_t factor = ShapedType::isDynamic(length) ? 1 : std::max<int64_t>(length, 1);
    if (llvm::MulOverflow(count, factor, count) || count > mostElements)
      return false;
  }
  return true;
}

std::string hadal::findRealFault(StringRef name, double value, double low, double high) {
  // Not a number fails both comparisons.
  if (low <= value && value <= high)
    return "";
  std::string expected = low == leastReal && !(value > 0 && std::isfinite(value))
                             ? "a positive number"
                             : "a number from " + realText(low) + " to " + realText(high);
  return ("expects " + name + " to be " + expected + ", got " + realText(value)).str();
}

int64_t hadal::addLengths(int64_t a, int64_t b) {
  int64_t sum;
  if (ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || llvm::AddOverflow(a, b, sum))
    return ShapedType::kDynamic;
  return sum;
}

bool hadal::compatible(int64_t a, int64_t b) {
  return a == b || a == ShapedType::kDynamic || b == ShapedType::kDynamic;
}

std::string hadal::shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(
      shape, stream,
      [&](int64_t length) {
        if (length == ShapedType::kDynamic)
          stream << '?';
        else
          stream << length;
      },
      "x");
  return shape.empty() ? "no dimensions" : text;
}

Checks &Checks::expect(bool holds, const Twine &message) {
  if (good && !holds) {
    good = false;
    op->emitOpError() << message;
  }
  return *this;
}

Checks &Checks::rank(StringRef name, RankedTensorType type, int64_t rank, StringRef meaning) {
  return expect(type.getRank() == rank, "expects " + name + " to have " + Twine(rank) + " dimensions (" + meaning +
                                            "), got " + shapeText(type.getShape()));
}

Checks &Checks::rows(StringRef name, RankedTensorType type) {
  expect(type.getRank() >= 2,
         "expects " + name + " to have leading dimensions and channels, got " + shapeText(type.getShape()));
  expect(channels(type) != ShapedType::kDynamic, "expects the number of channels of " + name +
                                                     " to be known: only batch and sequence may be open, got " +
                                                     shapeText(type.getShape()));
  return expect(channels(type) != 0, "expects " + name + " to have channels, got " + shapeText(type.getShape()));
}

Checks &Checks::shape(StringRef name, RankedTensorType type, ArrayRef<int64_t> expected, StringRef meaning) {
  bool fits = type.getRank() == int64_t(expected.size());
  for (auto [length, other] : llvm::zip(type.getShape(), expected))
    fits &= compatible(length, other);
  return expect(fits, "expects " + name + " to have shape " + shapeText(expected) + " (" + meaning + "), got " +
                          shapeText(type.getShape()));
}

Checks &Checks::sameElementType(TypeRange types) {
  for (Type type : types.drop_front()) {
    if (!good)
      break;
    Type first = getElementTypeOrSelf(types.front()), other = getElementTypeOrSelf(type);
    if (first == other)
      continue;
    good = false;
    op->emitOpError("expects tensors of one element type, got ") << first << " and " << other;
  }
  return *this;
}

Checks &Checks::productTypes(TypeRange factors, TypeRange results) {
  sameElementType(factors);
  Type factor = getElementTypeOrSelf(factors.front());
  for (Type type : results) {
    Type result = getElementTypeOrSelf(type);
    if (!good || result == factor || result.isF32())
      continue;
    good = false;
    op->emitOpError("forms its sums in f32: expects results of f32 or of the factors' type, ")
        << factor << ", got " << result;
  }
  return *this;
}

Checks &Checks::range(StringRef name, int64_t value, int64_t low, int64_t high, StringRef meaning) {
  return expect(low <= value && value <= high, "expects " + name + " to lie between " + Twine(low) + " and " +
                                                   Twine(high) + " (" + meaning + "), got " + Twine(value));
}

Checks &Checks::positive(StringRef name, int64_t value) {
  return expect(value >= 1, "expects " + name + " to be positive, got " + Twine(value));
}

Checks &Checks::length(StringRef name, int64_t value) {
  return range(name, value, 1, mostLength, "a limit of this dialect");
}

Checks &Checks::positiveReal(StringRef name, const APFloat &value) {
  std::string fault = findRealFault(name, value.convertToDouble(), leastReal);
  return expect(fault.empty(), fault);
}

Checks &Checks::computeType(std::optional<Type> type) {
  return expect(!type || isa<Float32Type, BFloat16Type, Float16Type, Float8E4M3FNType>(*type),
                "expects `compute` to be f32, bf16, f16 or f8E4M3FN");
}
