//===- ProgramFacts.cpp - what a report tells of a compiled program -----------------------------------------------===//
//
// See the header. The configuration is the one that selection has left on a kernel; its predicted time and what it won
// against are asked for once more, so that a report can be made of a phase that was resumed.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/ProgramFacts.h"
#include "passes/Programs/Programs.h"

using namespace mlir;
using namespace hadal;

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

static void appendPlaces(Location location, Origin &origin) {
  if (auto call = dyn_cast<CallSiteLoc>(location)) {
    appendPlaces(call.getCallee(), origin);
    appendPlaces(call.getCaller(), origin);
  } else if (auto named = dyn_cast<NameLoc>(location)) {
    // The innermost layer is the one that repeats.
    if (origin.layer.empty() && !origin.chain.empty())
      origin.layer = named.getName().str();
    appendPlaces(named.getChildLoc(), origin);
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    appendPlaces(fused.getLocations().front(), origin);
  } else if (auto file = dyn_cast<FileLineColLoc>(location)) {
    origin.chain.push_back({file.getFilename().str(), file.getLine()});
  }
}

Origin Origin::of(Location location) {
  Origin origin;
  appendPlaces(location, origin);
  return origin;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// What was selected, with its time and what it won against. Code that was written by hand has neither.
static FailureOr<Selection> readSelection(const KernelAnatomy &anatomy, const TargetDescription &target) {
  FailureOr<KernelConfiguration> configuration = getConfiguration(anatomy.kernel());
  if (failed(configuration))
    return failure();
  if (!isStrategy(configuration->strategy))
    return Selection{std::move(*configuration), std::nullopt, "", {}};
  return selectNamed(anatomy, selectedFor(*configuration, target), configuration->strategy, configuration->choice,
                     [&] { return anatomy.kernel().emitError("cannot be reported on: "); });
}

static FailureOr<KernelFacts> readKernel(KernelOp kernel, const TargetDescription &target) {
  KernelFacts facts;
  facts.kernel = kernel;
  facts.anatomy = std::make_unique<KernelAnatomy>(kernel);
  FailureOr<Selection> selection = readSelection(*facts.anatomy, target);
  if (failed(selection))
    return failure();
  facts.selection = std::move(*selection);
  facts.work = KernelWork::of(*facts.anatomy);
  return facts;
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

static FailureOr<EntryFacts> readEntry(func::FuncOp function, const ProgramFacts &program) {
  FailureOr<EntryPlan> plan = EntryPlan::read(function);
  if (failed(plan))
    return failure();
  EntryFacts entry;
  for (LaunchOp launch : plan->launches) {
    auto found = program.kernelNumbers.find(launch.getKernelAttr().getAttr());
    if (found == program.kernelNumbers.end())
      return launch.emitOpError("names no kernel");
    unsigned steps = program.kernels[found->second].selection.configuration.steps.size();
    entry.launches.push_back({launch, found->second, Origin::of(launch.getLoc()), entry.commands, steps});
    entry.commands += steps;
  }
  entry.plan = std::move(*plan);
  entry.isInStep = findStepPart(function) != StepPart::None;
  return entry;
}

FailureOr<ProgramFacts> ProgramFacts::read(ModuleOp module, const TargetDescription &target) {
  ProgramFacts program;
  program.module = module;
  program.target = &target;
  for (auto kernel : module.getOps<KernelOp>()) {
    FailureOr<KernelFacts> facts = readKernel(kernel, target);
    if (failed(facts))
      return failure();
    program.kernelNumbers[kernel.getSymNameAttr()] = program.kernels.size();
    program.kernels.push_back(std::move(*facts));
  }
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration())
      continue;
    FailureOr<EntryFacts> entry = readEntry(function, program);
    if (failed(entry))
      return failure();
    program.entries.push_back(std::move(*entry));
  }
  return program;
}

unsigned ProgramFacts::findLaunch(const EntryFacts &entry, unsigned command) {
  auto next = llvm::upper_bound(
      entry.launches, command, [](unsigned wanted, const LaunchFacts &launch) { return wanted < launch.firstCommand; });
  return std::distance(entry.launches.begin(), next) - 1;
}

std::string ProgramFacts::nameCommand(const EntryFacts &entry, unsigned command) const {
  const LaunchFacts &launch = entry.launches[findLaunch(entry, command)];
  const KernelFacts &kernel = kernels[launch.kernel];
  const KernelConfiguration &configuration = kernel.selection.configuration;
  return getStageSymbol(kernel.kernel, configuration.stages[configuration.steps[command - launch.firstCommand].stage]);
}
