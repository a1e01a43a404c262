//===- Selected.h - configurations for the kernels of a file ------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_SELECTED_H
#define HADAL_TOOLS_CHECK_KERNELS_SELECTED_H

#include "codegen/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"

namespace hadal::check {

/// Selects for every kernel, but for those whose code is in the file; what a file of choices names (empty: none) comes
/// from there. Prints what was selected if asked to.
mlir::LogicalResult selectWhereNeeded(mlir::ModuleOp module, const TargetDescription &target, llvm::StringRef config,
                                      bool printConfig);

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_SELECTED_H
