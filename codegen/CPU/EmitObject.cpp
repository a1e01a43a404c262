//===- EmitObject.cpp - from LLVM's dialect to an object file -----------------------------------------------------===//
//
// MLIR's translation to LLVM IR, a few of LLVM's passes, and its code generator for the target CPU.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/EmitObject.h"
#include "codegen/CPU/ExpandMultiplyAdd.h"
#include "codegen/Emit/OptimizeModule.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace hadal;

void hadal::registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

std::unique_ptr<llvm::Module> hadal::translateKernels(mlir::ModuleOp module, const TargetDescription &target,
                                                      llvm::LLVMContext &context) {
  context.setDiscardValueNames(true); // names of values: nobody reads them
  std::unique_ptr<llvm::Module> result = mlir::translateModuleToLLVMIR(module, context, "hadal");
  if (!result)
    return nullptr;
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine = target.createTargetMachine();
  if (!machine) {
    module.emitError(llvm::toString(machine.takeError()));
    return nullptr;
  }
  result->setTargetTriple(llvm::Triple(target.triple));
  result->setDataLayout((*machine)->createDataLayout());
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    function.addFnAttr("target-features", target.features);
    // Some CPUs' tuning prefers 256-bit vectors even for code that is written in 512-bit ones.
    if (target.registerLanes == 16)
      function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr("no-trapping-math", "true");
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
  if (!target.fma)
    expandMultiplyAdds(*result);
  return result;
}

llvm::Error hadal::optimizeKernels(llvm::Module &module, const TargetDescription &target) {
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine = target.createTargetMachine();
  if (!machine)
    return machine.takeError();
  // All that O3 does beyond finds nothing to gain in kernels that are emitted as they are to run: steps of
  // models/bench.mlir are as fast without (f32 1.01, bf16 1.04, in 6 pairs), and compiling takes 0.7 of the time.
  cleanUpModule(module, **machine);
  return llvm::Error::success();
}

llvm::Error hadal::emitObject(llvm::Module &module, const TargetDescription &target, llvm::raw_pwrite_stream &stream,
                              bool assembly) {
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine = target.createTargetMachine();
  if (!machine)
    return machine.takeError();
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(
          passes, stream, nullptr, assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("LLVM cannot write an object file for %s", target.triple.c_str());
  passes.run(module);
  return llvm::Error::success();
}
