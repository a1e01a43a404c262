//===- LowerToLLVM.h - from scf, vector, arith and math to LLVM's dialect -----------------------------------------===//
//
// The lowering that all kernels share, applied to the llvm.func operations of a module. Inside them may stand scf, cf,
// vector (transfers, contractions and outer products included), arith, math, memref, index and llvm operations; on GPUs
// nvvm operations too.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_LOWERTOLLVM_H
#define HADAL_CODEGEN_EMIT_LOWERTOLLVM_H

#include "mlir/Pass/Pass.h"

namespace hadal {

/// The pass hadal-lower-to-llvm, on llvm.func. For a GPU conversions of bf16 stay instructions, and every elementary
/// function becomes arithmetic; for the CPU it is the other way round, but for the most frequent functions.
#define GEN_PASS_DECL_LOWERTOLLVM
#include "codegen/Passes.h.inc"

/// Canonicalization and CSE, then the lowering, on every llvm.func of a module.
void buildLowerToLLVMPipeline(mlir::OpPassManager &passes);

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_LOWERTOLLVM_H
