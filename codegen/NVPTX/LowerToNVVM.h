//===- LowerToNVVM.h - from the ptx dialect to NVVM and inline PTX ------------------------------------------------===//
//
// The way of a GPU's kernels to LLVM's dialect: the instructions of the ptx dialect here, everything else in a kernel
// by the lowering that CPU kernels share (codegen/Emit/LowerToLLVM.h).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_NVPTX_LOWERTONVVM_H
#define HADAL_CODEGEN_NVPTX_LOWERTONVVM_H

#include "mlir/Pass/Pass.h"

namespace hadal {

/// The pass hadal-ptx-to-nvvm, on gpu.module.
#define GEN_PASS_DECL_PTXTONVVM
#include "codegen/Passes.h.inc"

/// Lowers every gpu.module of a module to the dialects llvm and nvvm.
void buildGPUToNVVMPipeline(mlir::OpPassManager &passes);

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_LOWERTONVVM_H
