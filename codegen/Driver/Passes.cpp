//===- Passes.cpp - registration of the passes from kernels to machine code ---------------------------------------===//
//
// The one place that knows all targets' rooms: everything below asks for a strategy by the kernel's anatomy.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Driver/Passes.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/Emit/LowerToLLVM.h"
#include "codegen/Emulator/Emulator.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/NVPTX/LowerToNVVM.h"
#include "codegen/Tile/LowerTiles.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

namespace hadal {
#define GEN_PASS_DECL_PRINTANATOMY
#define GEN_PASS_DECL_CHOOSELAYOUTS
#define GEN_PASS_DECL_SELECTSTRATEGIES
#define GEN_PASS_DECL_LOWERKERNELS
#define GEN_PASS_DECL_EMITPTX
#define GEN_PASS_DECL_ASSEMBLEKERNELS
#define GEN_PASS_DECL_BUILDHOST
#define GEN_PASS_REGISTRATION
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;

void hadal::registerStrategies() {
  registerCPUStrategies();
  registerNVPTXStrategies();
}

void hadal::registerCodegenPasses() {
  registerStrategies();
  registerHadalCodegenPasses();
  PassPipelineRegistration<>("hadal-cpu-to-llvm", "lowers all functions of CPU kernels to LLVM's dialect",
                             [](OpPassManager &passes) { buildLowerToLLVMPipeline(passes); });
  PassPipelineRegistration<>("hadal-gpu-to-nvvm", "lowers the kernels of GPU modules to the dialects llvm and nvvm",
                             [](OpPassManager &passes) { buildGPUToNVVMPipeline(passes); });
  PassPipelineRegistration<>("hadal-emulator-to-llvm",
                             "makes host functions of GPU kernels and lowers them to LLVM's dialect",
                             [](OpPassManager &passes) { buildLowerToEmulatorPipeline(passes); });
}
