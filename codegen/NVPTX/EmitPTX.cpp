//===- EmitPTX.cpp - from LLVM's dialect to PTX -------------------------------------------------------------------===//
//
// MLIR's translation to LLVM IR, LLVM's O3 pipeline for NVPTX, and its code generator.
//
// Before O3 runs, three things are made right that the translation cannot know. Inline PTX with side effects is marked
// convergent: PTX's aligned instructions must not be copied into branches that only some threads take. Names lose their
// dots. And vectors are taken apart into scalars: an accumulator is a vector of up to 128 numbers only so that it is
// one value in the IR; as scalars, its numbers stay in the registers in which wgmma left them, through loops too. Loads
// and stores keep their vectors, which are instructions of PTX.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/EmitPTX.h"
#include "codegen/Emit/OptimizeModule.h"
#include "codegen/Selection/Strategy.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/Scalar/Scalarizer.h"

using namespace mlir;
using namespace hadal;

void hadal::registerGPUTranslations(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
}

namespace {

/// Whether a call is an instruction that only one architecture has (its PTX target ends in `a`).
bool isArchitectureSpecific(const llvm::CallBase &call) {
  if (auto *statement = dyn_cast<llvm::InlineAsm>(call.getCalledOperand()))
    return StringRef(statement->getAsmString()).starts_with("wgmma.");
  llvm::Intrinsic::ID id = call.getIntrinsicID();
  return id == llvm::Intrinsic::nvvm_setmaxnreg_dec_sync_aligned_u32 ||
         id == llvm::Intrinsic::nvvm_setmaxnreg_inc_sync_aligned_u32;
}

/// Marks inline PTX and renames functions; says whether the module needs the architecture by its full name.
bool prepare(llvm::Module &module) {
  bool isSpecific = false;
  for (llvm::Function &function : module) {
    if (function.isIntrinsic())
      continue;
    function.setName(getDeviceSymbol(function.getName()));
    function.addFnAttr(llvm::Attribute::NoUnwind);
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
      auto *call = dyn_cast<llvm::CallBase>(&instruction);
      if (!call)
        continue;
      isSpecific |= isArchitectureSpecific(*call);
      if (auto *statement = dyn_cast<llvm::InlineAsm>(call->getCalledOperand());
          statement && statement->hasSideEffects())
        call->setConvergent();
    }
  }
  return isSpecific;
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createMachine(StringRef architecture, StringRef ptxFeature) {
  static const bool initialized = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)initialized;
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string message;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return llvm::createStringError("this LLVM generates no code for NVIDIA GPUs (%s)", message.c_str());
  llvm::TargetOptions options;
  // As on CPUs, a fused multiply-add is written as one. Instructions then name their rounding, which keeps ptxas from
  // fusing them as well.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, architecture, ptxFeature, options, std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
  if (!machine)
    return llvm::createStringError("LLVM cannot generate code for %s", architecture.str().c_str());
  return machine;
}

/// Vectors are taken apart first: a thread has none.
void scalarizeFirst(llvm::PassBuilder &builder) {
  builder.registerPipelineStartEPCallback([](llvm::ModulePassManager &passes, llvm::OptimizationLevel) {
    llvm::FunctionPassManager functions;
    functions.addPass(llvm::ScalarizerPass());
    passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(functions)));
  });
}

/// Whether LLVM would call a library for an intrinsic, which its backend for NVIDIA GPUs ends over.
bool needsLibrary(llvm::Intrinsic::ID id) {
  switch (id) {
  case llvm::Intrinsic::sin:
  case llvm::Intrinsic::cos:
  case llvm::Intrinsic::sincos:
  case llvm::Intrinsic::tan:
  case llvm::Intrinsic::asin:
  case llvm::Intrinsic::acos:
  case llvm::Intrinsic::atan:
  case llvm::Intrinsic::atan2:
  case llvm::Intrinsic::sinh:
  case llvm::Intrinsic::cosh:
  case llvm::Intrinsic::tanh:
  case llvm::Intrinsic::pow:
  case llvm::Intrinsic::powi:
  case llvm::Intrinsic::exp:
  case llvm::Intrinsic::exp10:
  case llvm::Intrinsic::log:
  case llvm::Intrinsic::log2:
  case llvm::Intrinsic::log10:
    return true;
  default:
    return false;
  }
}

/// A kernel is complete in itself: there is no library to link with.
LogicalResult refuseUndefined(llvm::Module &module, gpu::GPUModuleOp source) {
  for (llvm::Function &function : module) {
    bool isMissing = function.isIntrinsic() ? needsLibrary(function.getIntrinsicID()) : function.isDeclaration();
    if (!isMissing || function.use_empty())
      continue;
    auto *call = dyn_cast<llvm::CallBase>(function.user_back());
    std::string caller = call ? call->getFunction()->getName().str() : "";
    Operation *at = source;
    for (auto kernel : source.getOps<LLVM::LLVMFuncOp>())
      if (getDeviceSymbol(kernel.getName()) == caller)
        at = kernel;
    return at->emitError("the GPU kernel '")
           << caller << "' calls '" << function.getName() << "', which is defined nowhere";
  }
  return success();
}

/// What LLVM reports while it compiles, as diagnostics of the module.
struct ReportToModule : llvm::DiagnosticHandler {
  explicit ReportToModule(gpu::GPUModuleOp module) : module(module) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() != llvm::DS_Error)
      return true;
    std::string text;
    llvm::raw_string_ostream stream(text);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    info.print(printer);
    module.emitError("LLVM cannot generate PTX: ") << text;
    hasFailed = true;
    return true;
  }
  gpu::GPUModuleOp module;
  bool hasFailed = false;
};

} // namespace

FailureOr<std::string> hadal::emitPTX(gpu::GPUModuleOp module, StringRef gpu) {
  const GPUArchitecture *known = findGPUArchitecture(gpu);
  if (!known || !known->available)
    return module.emitError("kernels are for GPUs of a known architecture (hadalc --list-targets), not for '")
           << gpu << "'";
  llvm::LLVMContext context;
  context.setDiscardValueNames(true); // making them took two fifths of the time of O3
  auto handler = std::make_unique<ReportToModule>(module);
  const ReportToModule &reports = *handler;
  context.setDiagnosticHandler(std::move(handler));
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(module, context, module.getName());
  if (!translated)
    return failure();
  StringRef architecture = gpu;
  if (!prepare(*translated))
    architecture = architecture.rtrim('a');
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine = createMachine(architecture, known->ptxFeature);
  if (!machine)
    return module.emitError(llvm::toString(machine.takeError()));
  translated->setTargetTriple((*machine)->getTargetTriple());
  translated->setDataLayout((*machine)->createDataLayout());
  optimizeModule(*translated, **machine, scalarizeFirst);
  if (failed(refuseUndefined(*translated, module)))
    return failure();

  llvm::SmallVector<char, 0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return module.emitError("LLVM cannot write PTX for ") << architecture;
  passes.run(*translated);
  if (reports.hasFailed)
    return failure();
  return std::string(text.begin(), text.end());
}
