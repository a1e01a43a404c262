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
#include <string>

namespace hadal {

struct AssembleOptions {
  /// Where a line per kernel goes, with its registers and spilled bytes; or null.
  llvm::raw_ostream *usage = nullptr;
  /// Where the PTX is written before it is assembled, or empty.
  std::string ptxFile;
};

/// Replaces every gpu.module by a gpu.binary with two objects, a cubin for the GPU and the PTX that it was made from.
/// Failures are diagnosed, those of a kernel at its place in the model; `assemblerFailed` says whether ptxas itself did
/// (exit code AssemblerError::exitCode).
mlir::LogicalResult assembleKernels(mlir::ModuleOp module, llvm::StringRef gpu, const AssembleOptions &options = {},
                                    bool *assemblerFailed = nullptr);

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_ASSEMBLEKERNELS_H
