//===- LowerToNVVM.h - from the ptx dialect to NVVM and inline PTX ------------------------------------------------===//
//
// The way of a GPU's kernels to LLVM's dialect: the instructions of the ptx dialect here, everything else in a kernel
// by the lowering that CPU kernels share (codegen/CPU/LowerToLLVM.h).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_NVPTX_LOWERTONVVM_H
#define HADAL_CODEGEN_NVPTX_LOWERTONVVM_H

#include <memory>

namespace mlir {
class OpPassManager;
class Pass;
} // namespace mlir

namespace hadal {

/// The pass hadal-ptx-to-nvvm, on gpu.module.
std::unique_ptr<mlir::Pass> createPTXToNVVMPass();

/// Lowers every gpu.module of a module to the dialects llvm and nvvm.
void buildGPUToNVVMPipeline(mlir::OpPassManager &passes);

/// Registers the pass, and the pipeline as hadal-gpu-to-nvvm.
void registerLowerToNVVMPasses();

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_LOWERTONVVM_H
