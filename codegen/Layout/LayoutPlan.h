//===- LayoutPlan.h - what it costs to keep a tensor in certain forms ---------------------------------------------===//
//
// For one tensor and a set of its forms, the seconds of a step that depend on it:
//
//   readings    each takes the fastest of what is kept: rows, or a form
//   roundings   a launch that rounds the tensor stays, or goes where each of its readings finds a form
//   makings     each writes all forms, beside the tensor (a variant of its kernel) or by launches behind it
//
// The prices are the predicted times of kernels, in which bytes moved and cycles of packing are counted. A kernel that
// reads several tensors is priced for each as if the others lay in rows: what packing costs one operand does not depend
// on another.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_LAYOUT_LAYOUTPLAN_H
#define HADAL_CODEGEN_LAYOUT_LAYOUTPLAN_H

#include "codegen/Layout/LayoutGraph.h"

namespace hadal {

struct TensorPlan {
  /// A bit for each form that is kept.
  unsigned forms = 0;
  /// Of a step: all that depends on the tensor, and what of it the making of forms takes.
  double seconds = 0, makingSeconds = 0;
  /// Bytes of memory beyond those of the rows, and what of them the arena does not hold instead: forms of a parameter
  /// outlive a step, what a launch has rounded lies in the arena.
  int64_t bytes = 0, moreBytes = 0;
  /// The form that each reading takes, or -1: rows.
  llvm::SmallVector<int> ofReading;
  struct Rounding {
    bool stays = true;
    llvm::SmallVector<int> ofReading;
  };
  llvm::SmallVector<Rounding> roundings;
  /// Of each making: whether launches behind it write the forms.
  llvm::SmallVector<bool> byLaunches;
};

/// The best of all with this set of forms; nothing where no kernel writes one of them.
std::optional<TensorPlan> planTensor(const LayoutGraph &graph, const StoredTensor &tensor, unsigned forms,
                                     KernelTimes &times);

/// All sets of forms with their plans, the best first: seconds count, and bytes of memory, each of which is worth so
/// many seconds.
std::vector<TensorPlan> listPlans(const LayoutGraph &graph, const StoredTensor &tensor, double secondsPerByte,
                                  KernelTimes &times);

/// Rewrites the module: a tensor for a tensor of the graph, each kept as its plan says. The graph's launches are gone
/// then.
void applyPlans(mlir::ModuleOp module, const LayoutGraph &graph, llvm::ArrayRef<TensorPlan> plans);

} // namespace hadal

#endif // HADAL_CODEGEN_LAYOUT_LAYOUTPLAN_H
