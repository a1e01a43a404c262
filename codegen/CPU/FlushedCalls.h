//===- FlushedCalls.h - functions that flush denormal numbers -----------------------------------------------------===//
//
// FTZ and DAZ of MXCSR make zero of denormal results and operands. LLVM does not know that arithmetic depends on MXCSR,
// and may move it: so what is computed under the other mode stands in a function of its own that is not inlined.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_FLUSHEDCALLS_H
#define HADAL_CODEGEN_CPU_FLUSHEDCALLS_H

#include "codegen/CPU/SharedFunctions.h"

namespace hadal {

/// A shared function whose arithmetic flushes denormals: to be called by callFlushing, or by another one of its kind.
mlir::LLVM::LLVMFuncOp getFlushedFunction(KernelBuilder &k, llvm::StringRef name, llvm::ArrayRef<mlir::Type> arguments,
                                          llvm::function_ref<void(KernelBuilder &, mlir::ValueRange)> body);

/// Sets FTZ and DAZ, calls the function, and sets them back.
void callFlushing(KernelBuilder &k, mlir::LLVM::LLVMFuncOp function, mlir::ValueRange arguments);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_FLUSHEDCALLS_H
