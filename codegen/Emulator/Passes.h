//===- Passes.h - the steps of hadal-ptx-to-emulator --------------------------------------------------------------===//
//
// Shared by the files of this folder.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMULATOR_PASSES_H
#define HADAL_CODEGEN_EMULATOR_PASSES_H

#include "codegen/Emulator/CallEmitter.h"

namespace hadal {

/// Puts a check before every load and store of a function; after stores of f32 in a kernel with wgmma, one that the
/// numbers had been waited for.
void checkAccesses(mlir::LLVM::LLVMFuncOp function, CallEmitter &emitter);

/// Replaces every operation of the ptx dialect by calls.
mlir::LogicalResult lowerInstructions(mlir::LLVM::LLVMFuncOp function, CallEmitter &emitter);

} // namespace hadal

#endif // HADAL_CODEGEN_EMULATOR_PASSES_H
