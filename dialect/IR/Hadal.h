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
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/IR/HadalDialect.h.inc"

#define GET_OP_CLASSES
#include "dialect/IR/HadalOps.h.inc"

#endif // HADAL_DIALECT_IR_HADAL_H
