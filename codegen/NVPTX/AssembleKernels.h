//===- AssembleKernels.h - the passes that end in PTX and in a cubin ----------------------------------------------===//
//
// hadal-emit-ptx prints the PTX of a module's kernels; hadal-assemble-kernels replaces each gpu.module by a gpu.binary
// that holds its cubin and its PTX.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_NVPTX_ASSEMBLEKERNELS_H
#define HADAL_CODEGEN_NVPTX_ASSEMBLEKERNELS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace hadal {

/// Replaces every gpu.module by a gpu.binary with two objects, a cubin for the GPU and the PTX that it was made from.
/// With `usage`, writes a line per kernel: registers and spilled bytes. Diagnoses failures; `assemblerFailed` says
/// whether one was ptxas's own (exit code AssemblerError::exitCode).
mlir::LogicalResult assembleKernels(mlir::ModuleOp module, llvm::StringRef gpu, llvm::raw_ostream *usage = nullptr,
                                    bool *assemblerFailed = nullptr);

/// Registers hadal-emit-ptx and hadal-assemble-kernels.
void registerAssembleKernelsPasses();

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_ASSEMBLEKERNELS_H
