//===- FusionGroups.h - which operations of an entry point run as one kernel -------------------------------------===//
//
// Declares the groups into which an entry point is cut and the greedy search that finds them.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_FUSION_FUSIONGROUPS_H
#define HADAL_PASSES_FUSION_FUSIONGROUPS_H

#include "dialect/IR/Hadal.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <memory>
#include <vector>

namespace hadal {

/// Operations that become one kernel.
struct FusionGroup {
  KernelKind kind = KernelKind::Rowwise;
  /// In program order, without the operations that every kernel that reads them copies (see getCopiedProducer).
  llvm::SmallVector<mlir::Operation *, 4> operations;
  /// The operation that gives the kernel its kind; null in a rowwise group.
  mlir::Operation *anchor = nullptr;
  /// The value that an epilogue may still extend: the anchor's result, or the last of the chain on it.
  mlir::Value tail;
  /// Rowwise: the number of rows; 0 for single numbers, which have no rows.
  int64_t rows = 0;
  /// Place in the order of launches. Every operand comes from a group of a smaller place.
  int64_t place = 0;
  /// The smallest place of a group that reads a result of this one.
  int64_t firstReader = INT64_MAX;
  /// Whether the group recomputes a value instead of keeping it: it must not move up to where its operands are made.
  bool recomputes = false;
};

/// In the order of launches.
using FusionGroups = std::vector<std::unique_ptr<FusionGroup>>;

/// The operation behind an operand that the reader's kernel copies instead of reading its result from memory, or null:
/// constants, expansions of smaller tensors, and selections of rows that the reader reads through.
mlir::Operation *getCopiedProducer(mlir::OpOperand &use);

/// Cuts the operations of an entry point into groups, ordered by place. Fails with a diagnostic at an operation that no
/// kind of kernel serves.
mlir::FailureOr<FusionGroups> findFusionGroups(mlir::func::FuncOp entry);

} // namespace hadal

#endif // HADAL_PASSES_FUSION_FUSIONGROUPS_H
