//===- AssembleKernels.cpp - the passes that end in PTX and in a cubin --------------------------------------------===//
//
// See the header. A remark of ptxas on performance lost to serialized products or ignored register counts (C75xx) is an
// error of the kernel that it names; spills are reported and left to the tests.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/AssembleKernels.h"
#include "codegen/NVPTX/Assemble.h"
#include "codegen/NVPTX/EmitPTX.h"
#include "codegen/Strategies/Strategy.h"
#include "codegen/Support/OutputFile.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/Pass.h"

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
  auto target = NVVM::NVVMTargetAttr::get(context, /*optLevel=*/3, "nvptx64-nvidia-cuda", gpu);
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

/// What both passes share: the option that names the GPU.
template <typename Derived> struct GPUPass : PassWrapper<Derived, OperationPass<ModuleOp>> {
  GPUPass() = default;
  GPUPass(const GPUPass &other) : PassWrapper<Derived, OperationPass<ModuleOp>>(other) {}
  Pass::Option<std::string> target{*this, "target", llvm::cl::desc("the GPU"), llvm::cl::init("sm_90a")};
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<gpu::GPUDialect, NVVM::NVVMDialect>();
    registerGPUTranslations(registry);
  }
};

struct EmitPTX : GPUPass<EmitPTX> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitPTX)
  EmitPTX() = default;
  EmitPTX(const EmitPTX &other) : GPUPass(other) {}
  StringRef getArgument() const override { return "hadal-emit-ptx"; }
  StringRef getDescription() const override { return "prints the PTX of GPU modules on standard output"; }

  void runOnOperation() override {
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>()) {
      FailureOr<std::string> ptx = emitPTX(module, target);
      if (failed(ptx))
        return signalPassFailure();
      llvm::outs() << *ptx;
    }
  }
};

struct AssembleKernels : GPUPass<AssembleKernels> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AssembleKernels)
  AssembleKernels() = default;
  AssembleKernels(const AssembleKernels &other) : GPUPass(other) {}
  StringRef getArgument() const override { return "hadal-assemble-kernels"; }
  StringRef getDescription() const override { return "assembles GPU modules with ptxas to a cubin"; }
  Option<bool> printUsage{*this, "print-usage", llvm::cl::desc("print registers and spills of every kernel on stderr"),
                          llvm::cl::init(false)};

  void runOnOperation() override {
    AssembleOptions options;
    options.usage = printUsage ? &llvm::errs() : nullptr;
    if (failed(assembleKernels(getOperation(), target, options)))
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

void hadal::registerAssembleKernelsPasses() {
  PassRegistration<EmitPTX>();
  PassRegistration<AssembleKernels>();
}
