//===- FusionGroups.h - which operations of an entry point run as one kernel -------------------------------------===//
//
// Declares the groups into which an entry point is cut, what may stand in one (FusionGroups.cpp), and the search for
// the cut that costs least (SearchGroups.cpp).
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_FUSION_FUSIONGROUPS_H
#define HADAL_PASSES_FUSION_FUSIONGROUPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Fusion/KernelPrice.h"
#include "llvm/ADT/SetVector.h"
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
  /// Behind an anchor: the last of the chain on its result, which an epilogue may still extend; null: the result.
  mlir::Value tail;
  /// Rowwise: the number of rows; 0 for single numbers, which have no rows.
  int64_t rows = 0;
  /// Place in the order of launches. Every operand comes from a group of a smaller place.
  size_t place = 0;
  KernelPrice price;
  /// What the group became (outlineGroups).
  KernelOp kernel;
};

/// The body, operands and results of the kernel of some operations.
struct GroupBody {
  explicit GroupBody(const FusionGroup &group);

  /// In an order that may run, with what the kernel copies right before its first reader.
  llvm::SmallVector<mlir::Operation *> body;
  /// What the body reads and does not make, in the order in which it is first read.
  llvm::SetVector<mlir::Value> operands;
  /// What others read, in the order in which it is made, and what nobody reads of an anchor: a training and an
  /// evaluation step then share the kernel.
  llvm::SmallVector<mlir::Value> results;

private:
  void append(mlir::Operation *op);
  bool isReadOutside(mlir::Value value) const;

  llvm::SmallPtrSet<mlir::Operation *, 8> members, inBody;
  llvm::SmallPtrSet<mlir::Value, 16> made;
};

/// Two groups, one of which reads what the other makes, that stay two kernels, and why.
struct GroupBoundary {
  const FusionGroup *producer, *reader;
  std::string reason;
  /// A third group that stands between the two, or null: the reason is about it.
  const FusionGroup *between = nullptr;
};

struct FusionCut {
  /// In the order of launches.
  std::vector<std::unique_ptr<FusionGroup>> groups;
  /// What was turned down; found only where it is asked for.
  std::vector<GroupBoundary> boundaries;
};

/// The operation behind an operand that the reader's kernel copies instead of reading its result from memory, or null:
/// constants, expansions of smaller tensors, weights in codes, and selections of rows that the reader reads through.
mlir::Operation *getCopiedProducer(mlir::OpOperand &use);
/// Whether every reader of an operation copies it, so that it needs no kernel of its own.
bool isCopiedByAllReaders(mlir::Operation *op);
/// Calls `body` for every value that a kernel with `op` reads for it, through what it copies.
void forEachSource(mlir::Operation *op, llvm::function_ref<void(mlir::Value)> body);
/// Calls `body` for every operation that reads a result of `op`, through what is copied.
void forEachReader(mlir::Operation *op, llvm::function_ref<void(mlir::Operation *)> body);

/// The group of one operation. Fails with a diagnostic at an operation that no kind of kernel serves.
mlir::FailureOr<FusionGroup> makeGroup(mlir::Operation *op);
/// The group that two become, of which `reader` reads what `producer` makes. Fails with the reason why no kernel holds
/// both, whatever it costs; the order of launches is not looked at.
mlir::FailureOr<FusionGroup> joinGroups(const FusionGroup &producer, const FusionGroup &reader, std::string &reason);

/// Cuts the operations of an entry point into groups so that the sum of prices falls most with every two that become
/// one. Fails with a diagnostic at an operation that no kind of kernel serves.
mlir::FailureOr<FusionCut> findFusionGroups(mlir::func::FuncOp entry, KernelPricer &pricer, bool findBoundaries);

} // namespace hadal

#endif // HADAL_PASSES_FUSION_FUSIONGROUPS_H
