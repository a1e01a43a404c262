//===- Passes.h - registration of the passes from kernels to machine code -----------------------------------------===//
//
// Tools that take passes by name register those of codegen/Passes.td, their pipelines and every strategy with one call.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_DRIVER_PASSES_H
#define HADAL_CODEGEN_DRIVER_PASSES_H

namespace hadal {

/// The strategies of every target; harmless when repeated.
void registerStrategies();

/// The passes hadal-print-anatomy to hadal-build-host, the pipelines hadal-cpu-to-llvm, hadal-gpu-to-nvvm and
/// hadal-emulator-to-llvm, and what registerStrategies registers.
void registerCodegenPasses();

} // namespace hadal

#endif // HADAL_CODEGEN_DRIVER_PASSES_H
