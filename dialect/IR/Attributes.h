//===- Attributes.h - the dialect's enumerations and attributes ---------------------------------------------------===//
//
// What operations carry besides tensors. It stands apart from the operations because interfaces speak of it, too.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_ATTRIBUTES_H
#define HADAL_DIALECT_IR_ATTRIBUTES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "llvm/ADT/bit.h"

#include "dialect/IR/HadalEnums.h.inc"

namespace hadal {
/// A real number in an attribute: a double that can be hashed, as uniquing needs.
struct Real {
  double value = 0.0;
  Real(double value = 0.0) : value(value) {}
  operator double() const { return value; }
  friend llvm::hash_code hash_value(Real real) { return llvm::hash_value(llvm::bit_cast<uint64_t>(real.value)); }
};

/// The syntax of a real number in an attribute.
mlir::FailureOr<Real> parseReal(mlir::AsmParser &parser);
/// The fewest digits that read back to the same value, with a decimal point: 1.0e-6.
std::string realText(double value);
/// Prints the fewest digits that read back to the same value.
void printReal(mlir::AsmPrinter &printer, double value);

/// The syntax of a list of numbers in an attribute: `[1, 0]`.
mlir::FailureOr<llvm::SmallVector<int64_t>> parseNumbers(mlir::AsmParser &parser);
void printNumbers(mlir::AsmPrinter &printer, llvm::ArrayRef<int64_t> numbers);
} // namespace hadal

#define GET_ATTRDEF_CLASSES
#include "dialect/IR/HadalAttributes.h.inc"

#endif // HADAL_DIALECT_IR_ATTRIBUTES_H
