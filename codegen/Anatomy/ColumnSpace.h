//===- ColumnSpace.h - where loops over columns are cut -----------------------------------------------------------===//
//
// Some operations (splits, concatenations, expansions) only move columns: the emitters ask for a value at a shift, and
// cut a loop where a range of moved columns, or the rotated range of a head, begins. Within a piece the same code then
// holds for every column. When rotations are the only reason to cut, the loop over heads stays a loop.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_COLUMNSPACE_H
#define HADAL_CODEGEN_ANATOMY_COLUMNSPACE_H

#include "dialect/IR/Hadal.h"
#include <optional>
#include <set>

namespace hadal {

/// The columns of one loop nest: [0, columns) cut at `cuts`; with `heads` > 1 the cuts lie within the first head and
/// repeat.
struct ColumnSpace {
  int64_t columns = 0, heads = 1;
  std::set<int64_t> cuts;
  /// Whether channels that are rotated with their neighbour begin at an odd column, so that a pair may lie in two
  /// vectors.
  bool cutsPairs = false;

  /// The space of a loop over so many columns that computes some tensors. Where it sums too, every cut is spelled out:
  /// the lane of a column follows from its number (docs/rationale/arithmetic.md).
  static ColumnSpace find(int64_t columns, llvm::ArrayRef<mlir::Value> tensors, bool sums);

  /// The pieces [begin, end) of one head, in rising order.
  llvm::SmallVector<std::pair<int64_t, int64_t>> pieces() const;
};

/// Columns of a tensor, from `shift` columns to the right of those that they are read for; all of them the only one,
/// where the tensor has one number per row.
struct ShiftedColumns {
  mlir::Value tensor;
  int64_t shift;
};

/// What column `column` + `shift` of a tensor is, which an operation made that only moves columns (ColumnsOpInterface).
/// A piece of a ColumnSpace that holds the column reads all of its columns there.
ShiftedColumns followColumns(mlir::Value tensor, int64_t column, int64_t shift);
/// The same where one range of an operand's columns makes up the whole tensor; nothing for other tensors.
std::optional<ShiftedColumns> followColumns(mlir::Value tensor);

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_COLUMNSPACE_H
