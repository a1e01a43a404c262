//===- Hadal.h - the hadal dialect --------------------------------------------------------------------------------===//
//
// The one header to include for the dialect, its attributes and its operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_HADAL_H
#define HADAL_DIALECT_IR_HADAL_H

#include "dialect/IR/Words.h"
#include "dialect/Interfaces/HadalInterfaces.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/bit.h"

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
} // namespace hadal

#include "dialect/IR/HadalDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/IR/HadalAttributes.h.inc"

#define GET_OP_CLASSES
#include "dialect/IR/HadalOps.h.inc"

#endif // HADAL_DIALECT_IR_HADAL_H
