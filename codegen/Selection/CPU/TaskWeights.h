//===- TaskWeights.h - how long the tasks of a kernel take beside one another -------------------------------------===//
//
// Blocks at the edges of a product are smaller, a causal query sees the keys before it, and an expert has as many rows
// as the router sent it. What a team makes of such tasks is what --print-balance tells (codegen/Report/Balance.h).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_TASKWEIGHTS_H
#define HADAL_CODEGEN_SELECTION_CPU_TASKWEIGHTS_H

#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Selection/Strategy.h"

namespace hadal {

/// How many of so many rows each of some experts has.
using GroupSizes = llvm::function_ref<llvm::SmallVector<int64_t>(int64_t rows, int64_t groups)>;

/// The weight of every task of a stage on a CPU, in proportion to those of the kernel's other stages. Of kernels of
/// which nothing more is known all tasks weigh the same.
llvm::SmallVector<double> weighTasks(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                                     const StageSpec &stage, GroupSizes sizes);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_TASKWEIGHTS_H
