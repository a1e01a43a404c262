//===- AssembleKernels.cpp - the passes that end in PTX and in a cubin --------------------------------------------===//
//
// See the header. A remark of ptxas on performance lost to serialized products or ignored register counts (C75xx) is an
// error of the kernel that it names; spills are reported and left to the tests.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/AssembleKernels.h"
#include "codegen/Emit/KernelDialects.h"
#include "codegen/NVPTX/Assemble.h"
#include "codegen/NVPTX/EmitPTX.h"
#include "codegen/Selection/Strategy.h"
#include "codegen/Support/OutputFile.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/Pass.h"

namespace hadal {
#define GEN_PASS_DECL_EMITPTX
#define GEN_PASS_DEF_EMITPTX
#define GEN_PASS_DECL_ASSEMBLEKERNELS
#define GEN_PASS_DEF_ASSEMBLEKERNELS
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

/// Where a kernel comes from, for messages: its function in the module, or the module.
Operation *findKernel(gpu::GPUModuleOp module, StringRef deviceName) {
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (getDeviceSymbol(function.getName()) == deviceName)
      return function;
  return module;
}

LogicalResult refuseRemarks(gpu::GPUModuleOp module, const AssembledKernels &assembled) {
  for (const std::string &remark : assembled.remarks)
    return module.emitError("ptxas reports lost performance: ") << remark;
  for (const KernelUsage &kernel : assembled.kernels)
    for (const std::string &remark : kernel.remarks)
      return findKernel(module, kernel.name)->emitError("in the GPU kernel '")
             << kernel.name << "' ptxas reports lost performance: " << remark;
  return success();
}

void printUsage(const AssembledKernels &assembled, llvm::raw_ostream &stream) {
  for (const KernelUsage &kernel : assembled.kernels) {
    stream << "@" << kernel.name << ": " << kernel.registers << " registers, "
           << kernel.spillStoreBytes + kernel.spillLoadBytes << " bytes spilled";
    if (kernel.stackBytes)
      stream << ", stack " << kernel.stackBytes << " B";
    stream << "\n";
  }
}

LogicalResult writePTX(gpu::GPUModuleOp module, StringRef ptx, StringRef path) {
  llvm::Error error = writeFile(path, ptx);
  return error ? module.emitError(llvm::toString(std::move(error))) : success();
}

LogicalResult assembleModule(gpu::GPUModuleOp module, StringRef gpu, const AssembleOptions &options,
                             bool *assemblerFailed) {
  FailureOr<std::string> ptx = emitPTX(module, gpu);
  if (failed(ptx) || (!options.ptxFile.empty() && failed(writePTX(module, *ptx, options.ptxFile))))
    return failure();
  llvm::Expected<AssembledKernels> assembled = assemblePTX(*ptx, gpu);
  if (!assembled) {
    llvm::Error error = assembled.takeError();
    if (assemblerFailed)
      *assemblerFailed = error.isA<AssemblerError>();
    return module.emitError(llvm::toString(std::move(error)));
  }
  if (options.usage)
    printUsage(*assembled, *options.usage);
  if (failed(refuseRemarks(module, *assembled)))
    return failure();

  OpBuilder builder(module);
  MLIRContext *context = module.getContext();
  Attribute target = getNVVMTarget(context, gpu);
  auto object = [&](gpu::CompilationTarget format, StringRef contents) -> Attribute {
    return gpu::ObjectAttr::get(context, target, format, builder.getStringAttr(contents), DictionaryAttr(),
                                gpu::KernelTableAttr());
  };
  gpu::BinaryOp::create(builder, module.getLoc(), module.getName(), Attribute(),
                        ArrayRef<Attribute>{object(gpu::CompilationTarget::Binary, assembled->cubin),
                                            object(gpu::CompilationTarget::Assembly, *ptx)});
  module.erase();
  return success();
}

struct EmitPTX : hadal::impl::EmitPTXBase<EmitPTX> {
  using EmitPTXBase::EmitPTXBase;
  void getDependentDialects(DialectRegistry &registry) const override { registerGPUTranslations(registry); }

  void runOnOperation() override {
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>()) {
      FailureOr<std::string> ptx = emitPTX(module, targetName);
      if (failed(ptx))
        return signalPassFailure();
      llvm::outs() << *ptx;
    }
  }
};

struct AssembleKernels : hadal::impl::AssembleKernelsBase<AssembleKernels> {
  using AssembleKernelsBase::AssembleKernelsBase;
  void getDependentDialects(DialectRegistry &registry) const override { registerGPUTranslations(registry); }

  void runOnOperation() override {
    AssembleOptions options;
    options.usage = printUsage ? &llvm::errs() : nullptr;
    if (failed(assembleKernels(getOperation(), targetName, options)))
      signalPassFailure();
  }
};

} // namespace

LogicalResult hadal::assembleKernels(ModuleOp module, StringRef gpu, const AssembleOptions &options,
                                     bool *assemblerFailed) {
  for (auto kernels : llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>()))
    if (failed(assembleModule(kernels, gpu, options, assemblerFailed)))
      return failure();
  return success();
}
