//===- OptimizeModule.h - LLVM's passes over a module of kernels --------------------------------------------------===//
//
// The same pipeline for every target, tuned by its machine.
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

/// Runs LLVM's O3 pipeline, to which `extend` may add passes. Without `unrolls` loops stay as they are written: neither
/// unrolled nor turned into vectors.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine, bool unrolls,
                    llvm::function_ref<void(llvm::PassBuilder &)> extend = nullptr);

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_OPTIMIZEMODULE_H
