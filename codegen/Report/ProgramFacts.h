//===- ProgramFacts.h - what a report tells of a compiled program -------------------------------------------------===//
//
// A module of the phase `kernels`, read once: its kernels with what was chosen for them and what they have to do, its
// entry points with their launches, and where in the model each launch comes from. Many launches share a kernel and a
// place (61 layers call the same functions), so what a page shows are groups of launches, not launches.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_REPORT_PROGRAMFACTS_H
#define HADAL_CODEGEN_REPORT_PROGRAMFACTS_H

#include "codegen/Report/Work.h"
#include "codegen/Selection/Select.h"
#include "passes/Memory/MemoryPlan.h"
#include "llvm/ADT/MapVector.h"
#include <memory>
#include <vector>

namespace hadal {

/// A line of a file of the model.
struct Place {
  std::string file;
  unsigned line = 0;

  auto operator<=>(const Place &) const = default;
};

/// Where an operation comes from: its line, the lines of the calls that led there, the innermost first, and the name of
/// the layer that was written out ("model.layers.4", or "" outside of all).
struct Origin {
  std::vector<Place> chain;
  std::string layer;

  auto operator<=>(const Origin &) const = default;
  static Origin of(mlir::Location location);
};

struct KernelFacts {
  KernelOp kernel;
  std::unique_ptr<KernelAnatomy> anatomy;
  Selection selection;
  KernelWork work;
};

/// Commands that the emitted program runs for a launch: one per step of the kernel's configuration.
struct LaunchFacts {
  LaunchOp launch;
  unsigned kernel = 0;
  Origin origin;
  unsigned firstCommand = 0, commands = 0;
};

struct EntryFacts {
  EntryPlan plan;
  std::vector<LaunchFacts> launches;
  /// Of all launches; copies of results follow.
  unsigned commands = 0;
  /// Whether a step of the program runs it; a layer that packs parameters when they are loaded is in none.
  bool isInStep = false;

  llvm::StringRef name() const { return mlir::func::FuncOp(plan.entry).getSymName(); }
};

struct ProgramFacts {
  mlir::ModuleOp module;
  const TargetDescription *target = nullptr;
  std::vector<KernelFacts> kernels;
  std::vector<EntryFacts> entries;
  /// By symbol.
  llvm::DenseMap<mlir::StringAttr, unsigned> kernelNumbers;

  /// Fails with a diagnostic where kernels have no configuration for the target, or launches no plan.
  static mlir::FailureOr<ProgramFacts> read(mlir::ModuleOp module, const TargetDescription &target);
  /// The function that a command of an entry point runs, as traces name it.
  std::string nameCommand(const EntryFacts &entry, unsigned command) const;
  /// The launch that a command belongs to.
  static unsigned findLaunch(const EntryFacts &entry, unsigned command);
};

} // namespace hadal

#endif // HADAL_CODEGEN_REPORT_PROGRAMFACTS_H
