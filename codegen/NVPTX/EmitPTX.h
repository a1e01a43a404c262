//===- EmitPTX.h - from LLVM's dialect to PTX ---------------------------------------------------------------------===//
//
// Translates a gpu.module that holds only llvm and nvvm operations to LLVM IR, optimizes it and writes PTX, in this
// process.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_NVPTX_EMITPTX_H
#define HADAL_CODEGEN_NVPTX_EMITPTX_H

#include "codegen/Target/Target.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include <string>

namespace hadal {

/// Registers the translations that emitPTX needs; call it on the context's registry before parsing.
void registerGPUTranslations(mlir::DialectRegistry &registry);

/// The PTX of a module's kernels for a GPU ("sm_90a"), or a diagnostic. Its `.target` is the GPU's family without the
/// suffix (sm_90) where no kernel uses instructions of that one architecture: such PTX runs on newer GPUs too. Dots in
/// names become $, since PTX has none.
mlir::FailureOr<std::string> emitPTX(mlir::gpu::GPUModuleOp module, llvm::StringRef gpu);

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_EMITPTX_H
