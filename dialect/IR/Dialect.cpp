//===- Dialect.cpp - registration of the hadal dialect ------------------------------------------------------------===//
//
// Registers the operations and attributes of the dialect, and what TableGen generates for operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Conversions.h"
#include "dialect/IR/Hadal.h"
#include "dialect/IR/OpSyntax.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialect/IR/HadalDialect.cpp.inc"

using namespace mlir;
using namespace hadal;

void HadalDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialect/IR/HadalOps.cpp.inc"
      >();
  registerAttributes();
  attachSums(getContext());
}

#define GET_OP_CLASSES
#include "dialect/IR/HadalOps.cpp.inc"
