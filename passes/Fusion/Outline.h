//===- Outline.h - from groups of operations to kernels and launches ---------------------------------------------===//
//
// Declares the second half of hadal-fuse: kernels shared by structure, their names, and the launches.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_FUSION_OUTLINE_H
#define HADAL_PASSES_FUSION_OUTLINE_H

#include "passes/Fusion/FusionGroups.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace hadal {

/// What one kernel costs and saves, for the report.
struct KernelStatistics {
  KernelOp kernel;
  int64_t launches = 0;
  int64_t readBytes = 0, writtenBytes = 0;
  /// What the operations would read and write besides if each were a kernel of its own.
  int64_t savedBytes = 0;
};

/// The kernels of a module, shared by structure.
class KernelTable {
public:
  explicit KernelTable(mlir::ModuleOp module) : module(module) {}

  /// The kernel with this body, made when it is the first of its kind; counts a launch. `body` is in an order that may
  /// run; values that it does not define are `operands`.
  KernelOp getOrCreate(KernelKind kind, mlir::Operation *anchor, llvm::ArrayRef<mlir::Operation *> body,
                       mlir::ValueRange operands, mlir::ValueRange results);

  /// A line per kernel, and totals.
  void print(llvm::raw_ostream &stream) const;

private:
  KernelOp create(KernelKind kind, mlir::Operation *anchor, llvm::ArrayRef<mlir::Operation *> body,
                  mlir::ValueRange operands, mlir::ValueRange results);
  std::string uniqueName(std::string name);

  mlir::ModuleOp module;
  /// Index into statistics by structure.
  llvm::StringMap<size_t> bySignature;
  llvm::StringSet<> names;
  std::vector<KernelStatistics> statistics;
};

/// Replaces the operations of an entry point by launches of kernels.
void outlineGroups(mlir::func::FuncOp entry, FusionGroups &groups, KernelTable &kernels);

/// Ties the results that an entry point writes into persistent storage (`hadal.tied`) to the operands of the launches
/// that make them. Fails with a diagnostic where a result cannot be made in place.
mlir::LogicalResult tieResults(mlir::func::FuncOp entry);

} // namespace hadal

#endif // HADAL_PASSES_FUSION_OUTLINE_H
