//===- PTX.h - the ptx dialect: one operation per PTX instruction -------------------------------------------------===//
//
// The one header to include for the dialect, its attributes and its operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_PTX_PTX_H
#define HADAL_DIALECT_PTX_PTX_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/PTX/PTXDialect.h.inc"
#include "dialect/PTX/PTXEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/PTX/PTXAttributes.h.inc"

#define GET_OP_CLASSES
#include "dialect/PTX/PTXOps.h.inc"

#endif // HADAL_DIALECT_PTX_PTX_H
