//===- Requirements.h - what passes need of their input -----------------------------------------------------------===//
//
// A pass is run by itself as well as in its pipeline, on whatever a module holds. Each asks here for what the passes
// before it have made; what is missing is named at its place, with the pass that makes it.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_TRANSFORMS_REQUIREMENTS_H
#define HADAL_PASSES_TRANSFORMS_REQUIREMENTS_H

#include "passes/Passes.h"

namespace hadal {

/// The names that the entry points of programs have, and @forward, from which they are made.
llvm::ArrayRef<llvm::StringRef> getEntryPointNames();

/// A function is one block without regions in it, ended by func.return.
mlir::LogicalResult requireStraightLine(mlir::func::FuncOp function);
/// No operation of a function has regions of its own.
mlir::LogicalResult requireNoRegions(mlir::Block &block);
/// Layers are written out, as hadal-expand-layers does.
mlir::LogicalResult requireExpandedLayers(mlir::Operation *root);
/// Parameters are operands, as hadal-bind-parameters makes them.
mlir::LogicalResult requireBoundParameters(mlir::Operation *root);
/// A value of an operation is a tensor of known shape, of integers or real numbers that can be counted.
mlir::LogicalResult requireTensor(mlir::Operation *op, mlir::Type type);
/// Operands, results and arguments are such tensors, as hadal-close-shapes makes them.
mlir::LogicalResult requireClosedShapes(mlir::Operation *root);
/// No symbol of the module has a name that a pass is about to give to a function.
mlir::LogicalResult requireFreeName(mlir::ModuleOp module, llvm::StringRef name);
/// The parameters and states that the roles of a function's arguments name exist, with the arguments' types.
mlir::LogicalResult requireSymbols(mlir::func::FuncOp function);
/// Results are tied to arguments, each once.
mlir::LogicalResult requireTies(mlir::func::FuncOp function);

} // namespace hadal

#endif // HADAL_PASSES_TRANSFORMS_REQUIREMENTS_H
