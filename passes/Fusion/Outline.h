//===- Outline.h - from groups of operations to kernels and launches ---------------------------------------------===//
//
// Declares the second half of hadal-fuse: kernels shared by structure, their names, and the launches.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_FUSION_OUTLINE_H
#define HADAL_PASSES_FUSION_OUTLINE_H

#include "passes/Fusion/FusionGroups.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <map>

namespace hadal {

/// What one kernel costs and saves, for the report.
struct KernelStatistics {
  KernelOp kernel;
  int64_t launches = 0;
  int64_t readBytes = 0, writtenBytes = 0;
  /// What the operations would read and write besides if each were a kernel of its own.
  int64_t savedBytes = 0;
  KernelPrice price;
};

/// The kernels of a module, shared by structure.
class KernelTable {
public:
  explicit KernelTable(mlir::ModuleOp module) : module(module) {}

  /// The kernel of a group, made when it is the first with this body; counts a launch.
  KernelOp getOrCreate(const FusionGroup &group, const GroupBody &body);
  /// Takes note of two kernels that stay two; groups are known by the kernels that they became.
  void addBoundary(const GroupBoundary &boundary);

  /// A line per kernel, totals, and a line for every two kernels that stay two.
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
  /// How often, by what is said about them.
  llvm::MapVector<std::string, int64_t, std::map<std::string, unsigned>> boundaries;
};

/// Replaces the operations of an entry point by launches of kernels.
void outlineGroups(mlir::func::FuncOp entry, FusionCut &cut, KernelTable &kernels);

/// Ties the results that an entry point writes into persistent storage (`hadal.tied`) to the operands of the launches
/// that make them. Fails with a diagnostic where a result cannot be made in place.
mlir::LogicalResult tieResults(mlir::func::FuncOp entry);

} // namespace hadal

#endif // HADAL_PASSES_FUSION_OUTLINE_H
