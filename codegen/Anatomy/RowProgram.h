//===- RowProgram.h - the shape of a rowwise kernel ---------------------------------------------------------------===//
//
// Reads the body of a rowwise kernel (expanded, see expandRowwiseOps) as a program for one row: which values differ
// from row to row, how many columns they have, and in which phases the row is passed over.
//
// A row reduction needs all columns of its operand, so its result is known only after a pass over the row: its phase is
// one more than its operand's. A kernel without reductions has one phase; RMSNorm has two; softmax has three. What a
// later phase needs again is computed again from the operands, which lie in the first-level cache by then.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_ROWPROGRAM_H
#define HADAL_CODEGEN_ANATOMY_ROWPROGRAM_H

#include "codegen/Anatomy/KernelBody.h"
#include "llvm/ADT/DenseMap.h"

namespace hadal {

/// One column that is taken out of an operand, which may be widened before: a number per row, which is loaded from
/// where it lies.
struct OperandColumn {
  mlir::Value part;
  mlir::BlockArgument operand;
  int64_t column;
};

class RowProgram {
public:
  /// Reads a kernel, every operation and every tensor of it; failure when it is no program for rows, with the reason in
  /// `refusals`.
  static mlir::FailureOr<RowProgram> read(KernelOp kernel, Refusals &refusals);

  /// The number of rows.
  int64_t rows = 1;
  /// The length of a sequence: the position of a row is row % positions, where a rotation does not say another.
  int64_t positions = 1;
  /// How many positions there are for the rotations of an embedding.
  llvm::DenseMap<mlir::Attribute, int64_t> angles;
  unsigned phases = 1;
  /// Row reductions by the phase that computes them (one less than that of the result).
  llvm::SmallVector<llvm::SmallVector<RowReductionOpInterface>> reductions;
  /// Columns of all operands and results together: the memory one row touches.
  int64_t columnsPerRow = 0;
  /// Whether there is neither a reduction nor anything else that knows about rows, so that the kernel may be cut
  /// anywhere.
  bool elementwise = false;
  /// What is loaded before the row is passed over.
  llvm::SmallVector<OperandColumn> operandColumns;

  /// Whether an operand of a kernel says the positions of rows to rotations, and nothing else: a number per row, though
  /// its last dimension is none of columns.
  static bool holdsPositions(mlir::Value tensor);
  /// The columns of a tensor.
  static int64_t columns(mlir::Value tensor);
  /// Whether a tensor has a row of its own for every row (else it is the same for all).
  bool variesByRow(mlir::Value tensor) const;
  unsigned phase(mlir::Value tensor) const { return phaseOf.lookup(tensor); }

private:
  mlir::LogicalResult readTensors(KernelOp kernel, Refusals &refusals);
  mlir::LogicalResult readOperation(mlir::Operation &op, Refusals &refusals);

  llvm::DenseMap<mlir::Value, unsigned> phaseOf;
};

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_ROWPROGRAM_H
