//===- OptimizeModule.h - LLVM's passes over a module of kernels --------------------------------------------------===//
//
// Two pipelines: all that LLVM has, and what kernels need that are emitted in vectors and unrolled where it pays.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_OPTIMIZEMODULE_H
#define HADAL_CODEGEN_EMIT_OPTIMIZEMODULE_H

#include "llvm/ADT/STLFunctionalExtras.h"

namespace llvm {
class Module;
class PassBuilder;
class TargetMachine;
} // namespace llvm

namespace hadal {

/// Runs LLVM's O3 pipeline, to which `extend` may add passes.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine,
                    llvm::function_ref<void(llvm::PassBuilder &)> extend = nullptr);

/// Cleans up after the emitters, function by function: values instead of memory, nothing computed twice or in a loop that
/// could stand before it. Loops stay as they are written.
void cleanUpModule(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_OPTIMIZEMODULE_H
