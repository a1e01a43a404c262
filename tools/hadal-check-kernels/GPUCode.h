//===- GPUCode.h - what a GPU would be given of the kernels under check -------------------------------------------===//
//
// The same kernels that run in the emulator, on the other way: to PTX and through ptxas, which says how many registers
// they take.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_GPUCODE_H
#define HADAL_TOOLS_CHECK_KERNELS_GPUCODE_H

#include "codegen/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"

namespace hadal::check {

struct GPUCodeOptions {
  /// Where the PTX is written, or empty.
  std::string ptxFile;
  /// Whether ptxas assembles it; prints a line per kernel.
  bool assemble = false;
};

/// Lowers the module's kernels, which carry configurations, for the GPU. With `assemble`, spilled registers, remarks on
/// lost performance and functions that nobody defines are failures.
mlir::LogicalResult makeGPUCode(mlir::ModuleOp module, const TargetDescription &target, const GPUCodeOptions &options);

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_GPUCODE_H
