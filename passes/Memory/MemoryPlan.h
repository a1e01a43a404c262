//===- MemoryPlan.h - where the buffers of an entry point lie in the arena ---------------------------------------===//
//
// Declares the reading of a memory plan from the attributes of launches: what the planner writes, the verifier checks,
// the report prints and codegen/Host turns into tables.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_MEMORY_MEMORYPLAN_H
#define HADAL_PASSES_MEMORY_MEMORYPLAN_H

#include "dialect/IR/Hadal.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <map>

namespace hadal {

/// Buffers start at multiples of this many bytes: what the planner was told, which it leaves on the module
/// (bufferAlignmentAttrName), or a cache line.
constexpr int64_t defaultBufferAlignment = 64;
int64_t getBufferAlignment(mlir::Operation *entry);

/// `file:line:column` of the innermost place a location names, or "unknown".
std::string formatLocation(mlir::Location location);

/// One buffer of the arena. It is a launch's result with everything that later launches write into its place, or a
/// workspace.
struct PlannedBuffer {
  /// The first value that lies in it; null for a workspace.
  mlir::Value value;
  /// The launch that makes it.
  LaunchOp launch;
  int64_t offset = -1;
  int64_t size = 0;
  /// Numbers of the first and the last launch that touch it.
  unsigned first = 0, last = 0;
  /// Whether it is read once more when all launches are done.
  bool isCopied = false;
};

/// What stands for the storage of a value.
struct Storage {
  /// Index of a planned buffer, or -1.
  int64_t buffer = -1;
  /// The entry point's argument that it is tied to, or null.
  mlir::BlockArgument argument;
  /// The result of the entry point that it is, or -1: a tensor with storage of its own.
  int64_t result = -1;
};

/// A result of the entry point whose value lies elsewhere: in an argument, in another result, or in a buffer. It is
/// copied when all launches are done.
struct PlannedCopy {
  mlir::Value value;
  unsigned result = 0;
};

/// The buffers of one entry point, from its launches and what ties them.
struct EntryPlan {
  mlir::func::FuncOp entry;
  int64_t alignment = defaultBufferAlignment;
  std::vector<LaunchOp> launches;
  std::vector<PlannedBuffer> buffers;
  std::vector<PlannedCopy> copies;
  llvm::DenseMap<mlir::Value, Storage> storage;
  /// The buffer of each launch's workspace, or -1.
  std::vector<int64_t> workspaces;
  /// Bytes of arena that the offsets need.
  int64_t arenaSize = 0;
  /// The most bytes that are live at once: no plan can do with less.
  int64_t liveSize = 0;

  /// Reads launches, lifetimes and offsets. Fails with a diagnostic where the entry point holds more than launches. An
  /// alignment of 0 is that of the module.
  static mlir::FailureOr<EntryPlan> read(mlir::func::FuncOp entry, int64_t alignment = 0);
  /// Finds the results that have to be copied; part of reading.
  void readCopies();
  /// Checks that buffers that are live at once do not overlap and that every buffer has its place.
  mlir::LogicalResult verify() const;
  /// A summary, with the largest buffers and where they come from.
  void print(llvm::raw_ostream &stream) const;
};

/// The kernel of a launch, found without walking the symbol table each time.
using Kernels = llvm::DenseMap<mlir::StringAttr, KernelOp>;
Kernels findKernels(mlir::ModuleOp module);

/// Gives every buffer of an entry point its place, and writes it on the launches. Fails with a diagnostic.
mlir::FailureOr<EntryPlan> planEntry(mlir::func::FuncOp entry, const Kernels &kernels, int64_t alignment);
/// Whether planEntry can be told to align to so many bytes; else with a diagnostic at the module.
mlir::LogicalResult verifyAlignment(mlir::ModuleOp module, int64_t alignment);

/// Bytes of persistent tensors by what they are for, from the arguments of a module's entry points.
struct PersistentMemory {
  std::map<ArgumentRole, int64_t> bytes;
  /// What is read when a parameter is loaded, and by nothing else, is held only then, one parameter at a time.
  int64_t loading = 0;

  static PersistentMemory count(mlir::ModuleOp module);
  int64_t of(ArgumentRole role) const;
  /// What is held while an entry point runs.
  int64_t total() const;
  /// All of it in one line.
  void print(llvm::raw_ostream &stream) const;
};

/// "1.50 MiB".
std::string formatMiB(int64_t bytes);

} // namespace hadal

#endif // HADAL_PASSES_MEMORY_MEMORYPLAN_H
