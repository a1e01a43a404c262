//===- Emulator.h - from GPU kernels to host functions that the runtime's emulator runs ---------------------------===//
//
// The pass hadal-ptx-to-emulator makes a host function of every kernel in the module's gpu.modules:
//
//   llvm.func @"kernel.stage"(%arguments: !llvm.ptr, %iteration: i64, %maps: !llvm.ptr)
//
// which the emulator (runtime/devices/emulator) calls once per CUDA thread. Operations of the ptx dialect become calls
// of it, loads and stores are preceded by a call that checks them, and pointers lose their address spaces: shared
// memory is host memory. What is left is lowered as a CPU kernel is.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMULATOR_EMULATOR_H
#define HADAL_CODEGEN_EMULATOR_EMULATOR_H

#include "mlir/Pass/Pass.h"

namespace hadal {

/// The pass hadal-ptx-to-emulator, on a module.
#define GEN_PASS_DECL_PTXTOEMULATOR
#include "codegen/Passes.h.inc"

/// hadal-lower-tiles, the pass, then the lowering of CPU kernels: the module's functions are LLVM's dialect afterwards.
void buildLowerToEmulatorPipeline(mlir::OpPassManager &passes);

} // namespace hadal

#endif // HADAL_CODEGEN_EMULATOR_EMULATOR_H
