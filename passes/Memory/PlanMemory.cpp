//===- PlanMemory.cpp - hadal-plan-memory: one arena for the buffers of an entry point ---------------------------===//
//
// 1. Workspaces: every launch takes the bytes that strategy selection left on its kernel.
// 2. In place: a result takes over the buffer of an operand that is read for the last time, where the kernel reads each
//    element before it writes it (InPlace.h); the launch is then tied.
// 3. Placement: a walk over the launches that allocates what begins, by best fit, the largest first, and afterwards
//    frees what ends. n log n in the number of buffers.
// 4. The plan is read back from the attributes and verified.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Fusion/InPlace.h"
#include "passes/Memory/ArenaAllocator.h"
#include "passes/Memory/MemoryPlan.h"
#include "passes/Passes.h"

namespace hadal {
#define GEN_PASS_DEF_PLANMEMORYPASS
#define GEN_PASS_DEF_VERIFYMEMORYPLANPASS
#include "passes/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

void setWorkspaces(func::FuncOp entry, const Kernels &kernels) {
  for (auto launch : entry.getOps<LaunchOp>()) {
    KernelOp kernel = kernels.lookup(launch.getKernelAttr().getAttr());
    if (int64_t bytes = kernel.getWorkspace().value_or(0); bytes > 0)
      launch.setWorkspace(bytes);
  }
}

/// Ties results to operands in the arena that die with the launch.
void reuseBuffers(EntryPlan &plan, const Kernels &kernels) {
  for (auto [number, launch] : llvm::enumerate(plan.launches)) {
    KernelOp kernel = kernels.lookup(launch.getKernelAttr().getAttr());
    SmallVector<int64_t> tied(launch->getNumResults(), -1);
    if (launch.getTied())
      tied.assign(launch.getTied()->begin(), launch.getTied()->end());
    bool changed = false;
    for (OpResult result : launch->getResults())
      for (OpOperand &use : launch.getArgumentsMutable()) {
        if (tied[result.getResultNumber()] >= 0 || plan.storage[result].buffer < 0)
          break;
        int64_t buffer = plan.storage[use.get()].buffer;
        if (buffer < 0 || plan.buffers[buffer].last != number || plan.buffers[buffer].isCopied ||
            llvm::is_contained(tied, use.getOperandNumber()) || llvm::count(launch.getArguments(), use.get()) > 1 ||
            !mayShareBuffer(kernel, result.getResultNumber(), use.getOperandNumber()))
          continue;
        // The operand's buffer now lives as long as the result's.
        tied[result.getResultNumber()] = use.getOperandNumber();
        plan.buffers[buffer].last = plan.buffers[plan.storage[result].buffer].last;
        Storage shared = plan.storage.lookup(use.get());
        plan.storage[result] = shared;
        changed = true;
      }
    if (changed)
      launch.setTied(tied);
  }
}

/// Gives every buffer its offset.
void placeBuffers(EntryPlan &plan) {
  std::vector<SmallVector<PlannedBuffer *, 2>> begins(plan.launches.size()), ends(plan.launches.size());
  for (PlannedBuffer &buffer : plan.buffers) {
    begins[buffer.first].push_back(&buffer);
    ends[buffer.last].push_back(&buffer);
  }
  ArenaAllocator arena;
  for (auto [beginning, ending] : llvm::zip_equal(begins, ends)) {
    // The largest first, equal ones in the order of the plan's list.
    llvm::sort(beginning, [](auto *a, auto *b) { return std::make_pair(-a->size, a) < std::make_pair(-b->size, b); });
    for (PlannedBuffer *buffer : beginning)
      buffer->offset = arena.allocate(buffer->size);
    for (PlannedBuffer *buffer : ending)
      arena.release(buffer->offset, buffer->size);
  }
}

/// Writes the offsets on the launches.
void writePlacements(EntryPlan &plan) {
  for (auto [number, launch] : llvm::enumerate(plan.launches)) {
    SmallVector<int64_t> placement;
    for (OpResult result : launch->getResults()) {
      int64_t buffer = plan.storage[result].buffer;
      placement.push_back(buffer < 0 ? -1 : plan.buffers[buffer].offset);
    }
    launch.setPlacement(placement);
    if (int64_t buffer = plan.workspaces[number]; buffer >= 0)
      launch.setWorkspacePlacement(plan.buffers[buffer].offset);
  }
}

/// Whether every launch names a kernel with a workspace that there can be.
LogicalResult checkLaunches(func::FuncOp entry, const Kernels &kernels) {
  for (auto launch : entry.getOps<LaunchOp>()) {
    KernelOp kernel = kernels.lookup(launch.getKernelAttr().getAttr());
    if (!kernel)
      return launch.emitOpError("names no kernel");
    if (int64_t bytes = kernel.getWorkspace().value_or(0); bytes < 0)
      return kernel.emitOpError("has a workspace of ") << bytes << " bytes";
  }
  return success();
}

} // namespace

Kernels hadal::findKernels(ModuleOp module) {
  Kernels kernels;
  for (auto kernel : module.getOps<KernelOp>())
    kernels[kernel.getSymNameAttr()] = kernel;
  return kernels;
}

LogicalResult hadal::verifyAlignment(ModuleOp module, int64_t alignment) {
  if (alignment >= defaultBufferAlignment && llvm::isPowerOf2_64(alignment))
    return success();
  return module.emitError("buffers cannot be aligned to ")
         << alignment << " bytes: give a power of two from " << defaultBufferAlignment << " up";
}

FailureOr<EntryPlan> hadal::planEntry(func::FuncOp entry, const Kernels &kernels, int64_t alignment) {
  if (failed(checkLaunches(entry, kernels)))
    return failure();
  setWorkspaces(entry, kernels);
  FailureOr<EntryPlan> plan = EntryPlan::read(entry, alignment);
  if (failed(plan))
    return failure();
  reuseBuffers(*plan, kernels);
  plan = EntryPlan::read(entry, alignment);
  if (failed(plan))
    return failure();
  placeBuffers(*plan);
  writePlacements(*plan);
  plan = EntryPlan::read(entry, alignment);
  if (failed(plan) || failed(plan->verify()))
    return failure();
  return plan;
}

namespace {

struct PlanMemoryPass : hadal::impl::PlanMemoryPassBase<PlanMemoryPass> {
  using PlanMemoryPassBase::PlanMemoryPassBase;

  void runOnOperation() override {
    if (failed(verifyAlignment(getOperation(), alignment)))
      return signalPassFailure();
    if (alignment != defaultBufferAlignment)
      getOperation()->setAttr(bufferAlignmentAttrName, Builder(&getContext()).getI64IntegerAttr(alignment));
    else
      getOperation()->removeAttr(bufferAlignmentAttrName);
    Kernels kernels = findKernels(getOperation());
    for (auto entry : getOperation().getOps<func::FuncOp>()) {
      if (entry.isDeclaration())
        continue;
      FailureOr<EntryPlan> plan = planEntry(entry, kernels, alignment);
      if (failed(plan))
        return signalPassFailure();
      // What loading takes is told in one line, below.
      if (printMemoryPlan && !getLoadedParameter(entry))
        plan->print(llvm::errs());
    }
    if (printMemoryPlan)
      PersistentMemory::count(getOperation()).print(llvm::errs());
  }
};

struct VerifyMemoryPlanPass : hadal::impl::VerifyMemoryPlanPassBase<VerifyMemoryPlanPass> {
  using VerifyMemoryPlanPassBase::VerifyMemoryPlanPassBase;

  void runOnOperation() override {
    for (auto entry : getOperation().getOps<func::FuncOp>()) {
      if (entry.isDeclaration())
        continue;
      FailureOr<EntryPlan> plan = EntryPlan::read(entry);
      if (failed(plan) || failed(plan->verify()))
        return signalPassFailure();
    }
  }
};

} // namespace
