//===- KernelDialects.h - what functions of kernels are made of ---------------------------------------------------===//
//
// The dialects in which strategies emit, and what NVVM says of a GPU's kernels. The header of that dialect takes longer
// to read than all others together, so it is read behind this one.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_KERNELDIALECTS_H
#define HADAL_CODEGEN_EMIT_KERNELDIALECTS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace hadal {

/// Registers the dialects that the stages of kernels consist of, for CPUs and for GPUs.
void registerKernelDialects(mlir::DialectRegistry &registry);

/// The NVVM target of GPU `chip` ("sm_90a"), in the PTX version of `feature` ("+ptx81"; empty: NVVM's own).
mlir::Attribute getNVVMTarget(mlir::MLIRContext *context, llvm::StringRef chip, llvm::StringRef feature = "");

/// Makes `function` a kernel that is launched in blocks of `threads`, `cluster` of them to a cluster.
void markKernelFunction(mlir::LLVM::LLVMFuncOp function, int64_t threads, int64_t cluster);

/// Makes argument `index` of a kernel a tensor map: 128 bytes of the parameters themselves, which TMA reads.
void markTensorMap(mlir::LLVM::LLVMFuncOp function, unsigned index);

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_KERNELDIALECTS_H
