//===- OptimizeModule.cpp - LLVM's passes over a module of kernels ------------------------------------------------===//
//
// What LLVM's new pass manager wants to be told before it runs, and the two pipelines.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/OptimizeModule.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

/// Fills a pass manager by `build` and runs it.
static void runPasses(llvm::Module &module, llvm::TargetMachine &machine,
                      llvm::function_ref<llvm::ModulePassManager(llvm::PassBuilder &)> build) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::ModulePassManager passes = build(builder);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  passes.run(module, modules);
}

void hadal::optimizeModule(llvm::Module &module, llvm::TargetMachine &machine,
                           llvm::function_ref<void(llvm::PassBuilder &)> extend) {
  runPasses(module, machine, [&](llvm::PassBuilder &builder) {
    if (extend)
      extend(builder);
    return builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3);
  });
}

void hadal::cleanUpModule(llvm::Module &module, llvm::TargetMachine &machine) {
  constexpr const char *pipeline = "function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,"
                                   "loop-mssa(loop-rotate,licm),gvn,instcombine<no-verify-fixpoint>,simplifycfg)";
  runPasses(module, machine, [&](llvm::PassBuilder &builder) {
    llvm::ModulePassManager passes;
    llvm::cantFail(builder.parsePassPipeline(passes, pipeline));
    return passes;
  });
}
