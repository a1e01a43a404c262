//===- GPUCode.cpp - what a GPU would be given of the kernels under check -----------------------------------------===//
//
// Lowering to PTX, assembly, and what is a failure there.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/GPUCode.h"
#include "codegen/NVPTX/Assemble.h"
#include "codegen/NVPTX/EmitPTX.h"
#include "codegen/NVPTX/LowerToNVVM.h"
#include "codegen/Support/OutputFile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "tools/hadal-check-kernels/Runner.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::check;

static LogicalResult write(ModuleOp module, StringRef path, StringRef text) {
  llvm::Error error = writeFile(path, text);
  return error ? module.emitError(llvm::toString(std::move(error))) : success();
}

/// Prints a kernel's registers; whether it is as a kernel should be.
static bool reportUsage(const KernelUsage &kernel) {
  int64_t spilled = kernel.spillStoreBytes + kernel.spillLoadBytes;
  bool isGood = spilled == 0 && kernel.remarks.empty();
  llvm::outs() << llvm::formatv("{0}: {1}, {2} registers, {3} bytes spilled, stack {4} bytes\n", kernel.name,
                                isGood ? "ok" : "FAIL", kernel.registers, spilled, kernel.stackBytes);
  for (const std::string &remark : kernel.remarks)
    llvm::outs() << "  " << remark << "\n";
  return isGood;
}

static LogicalResult assemble(ModuleOp module, StringRef ptx, StringRef gpu) {
  if (ptx.contains(".extern .func"))
    return module.emitError("the kernels call a function that nobody defines on a GPU:")
           << ptx.substr(ptx.find(".extern .func")).take_until([](char c) { return c == ';'; });
  llvm::Expected<AssembledKernels> assembled = assemblePTX(ptx, gpu);
  if (!assembled)
    return module.emitError(llvm::toString(assembled.takeError()));
  bool isGood = assembled->remarks.empty();
  for (const KernelUsage &kernel : assembled->kernels)
    isGood &= reportUsage(kernel);
  for (const std::string &remark : assembled->remarks)
    llvm::outs() << remark << "\n";
  return success(isGood);
}

LogicalResult hadal::check::makeGPUCode(ModuleOp module, const TargetDescription &target,
                                        const GPUCodeOptions &options) {
  OwningOpRef<ModuleOp> lowered = lowerKernels(module, target);
  if (!lowered)
    return failure();
  PassManager passes(module.getContext());
  buildGPUToNVVMPipeline(passes);
  if (failed(passes.run(*lowered)))
    return failure();
  for (auto gpuModule : lowered->getOps<gpu::GPUModuleOp>()) {
    FailureOr<std::string> ptx = emitPTX(gpuModule, target.name());
    if (failed(ptx) || (!options.ptxFile.empty() && failed(write(module, options.ptxFile, *ptx))) ||
        (options.assemble && failed(assemble(module, *ptx, target.name()))))
      return failure();
  }
  return success();
}
