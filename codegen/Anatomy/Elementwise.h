//===- Elementwise.h - which operations work element by element ---------------------------------------------------===//
//
// What the emitters ask of an operation before they emit it: whether it works on one column of one row at a time, or
// only says which column of an operand a result's is. Rowwise operations (rms_norm, swiglu, ...) do neither until they
// are expanded into such operations and row reductions.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_ELEMENTWISE_H
#define HADAL_CODEGEN_ANATOMY_ELEMENTWISE_H

#include "codegen/Anatomy/ColumnSpace.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OwningOpRef.h"

namespace hadal {

/// Whether a tensor holds one number per row (or one number).
bool isOnePerRow(mlir::Value tensor);

/// Whether an operation is emitted element by element; the results of all others are leaves.
bool isElementwise(mlir::Operation *op);

/// Whether a column of a result is another column of an operand: computed only where leaves mind their shift.
bool movesColumns(mlir::Operation *op);

/// The number per row that a tensor repeats along its columns; null for other tensors.
mlir::Value findRepeatedNumber(mlir::Value tensor);

/// The operand's columns that a tensor is, where it is nothing else; not one column of several, which would be a number
/// taken out of a vector.
std::optional<ShiftedColumns> findMovedColumns(mlir::Value tensor);

/// What a constant repeats; null for other operations, and for constants that hold different numbers.
mlir::SplatElementsAttr findSplat(mlir::Operation *op);

/// A copy of a kernel, outside any module, in which every rowwise operation is written in elementwise arithmetic, row
/// reductions and what moves columns.
mlir::OwningOpRef<KernelOp> expandRowwiseOps(KernelOp kernel);

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_ELEMENTWISE_H
