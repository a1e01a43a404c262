//===- LayerFunctions.h - checks of stacks of layers --------------------------------------------------------------===//
//
// hadal.layers and hadal.mtp both apply functions to a hidden state once per layer; these checks are common to them.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_LAYERFUNCTIONS_H
#define HADAL_DIALECT_IR_LAYERFUNCTIONS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/SymbolTable.h"

namespace hadal {

/// The deepest stack of layers: far beyond any model, and low enough that a slip of the pen cannot fill the memory.
inline constexpr int64_t maximumDepth = 10000;

/// 0 <= start < end <= start + maximumDepth, and at least one function.
llvm::LogicalResult verifyLayerRange(mlir::Operation *op, int64_t start, int64_t end, mlir::ArrayAttr functions);

/// The functions exist, take the hidden state and return it, followed by as many losses in all as the operation yields.
llvm::LogicalResult verifyLayerFunctions(mlir::Operation *op, mlir::ArrayAttr functions, mlir::Type hidden,
                                         unsigned losses, mlir::SymbolTableCollection &symbolTable);

} // namespace hadal

#endif // HADAL_DIALECT_IR_LAYERFUNCTIONS_H
