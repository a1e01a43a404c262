//===- EmitObject.h - from LLVM's dialect to an object file -------------------------------------------------------===//
//
// Translates a module that holds only llvm operations to LLVM IR, optimizes it for the target CPU and writes an object
// file.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_EMITOBJECT_H
#define HADAL_CODEGEN_CPU_EMITOBJECT_H

#include "codegen/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace hadal {

/// Registers the translations that translateKernels needs; call it on the context's registry before parsing.
void registerTranslations(mlir::DialectRegistry &registry);

/// LLVM IR of a module of llvm operations, for the target; functions carry the CPU's name and features. Null after a
/// diagnostic.
std::unique_ptr<llvm::Module> translateKernels(mlir::ModuleOp module, const TargetDescription &target,
                                               llvm::LLVMContext &context);

/// A few of LLVM's passes (cleanUpModule).
llvm::Error optimizeKernels(llvm::Module &module, const TargetDescription &target);

/// Writes the object file (or, for a look at it, the assembly).
llvm::Error emitObject(llvm::Module &module, const TargetDescription &target, llvm::raw_pwrite_stream &stream,
                       bool assembly = false);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_EMITOBJECT_H
