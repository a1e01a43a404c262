//===- Runner.cpp - compiles kernels into this process and runs them ----------------------------------------------===//
//
// The kernels are lowered in a copy of the module from which everything else is removed. The object file is handed to
// LLVM's JIT linker, so what runs is what hadalc would write; kernels for a GPU are lowered for the emulator, whose
// calls are those of the runtime that is linked into this tool.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Runner.h"
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/CPU/EmitObject.h"
#include "codegen/Emit/KernelDialects.h"
#include "codegen/Emit/LowerToLLVM.h"
#include "codegen/Emulator/Emulator.h"
#include "codegen/Selection/Choices.h"
#include "codegen/Support/OutputFile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "runtime/devices/cpu/Features.h"
#include "runtime/devices/emulator/calls.h"
#include "tools/hadal-check-kernels/Numbers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <chrono>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

CompiledKernels::CompiledKernels(std::unique_ptr<llvm::orc::LLJIT> jit) : jit(std::move(jit)) {}
CompiledKernels::CompiledKernels(CompiledKernels &&) = default;
CompiledKernels::~CompiledKernels() = default;

bool hadal::check::hasCode(KernelOp kernel) {
  auto attribute = kernel.getConfigurationAttr();
  auto stages = attribute ? attribute.getAs<ArrayAttr>("stages") : ArrayAttr();
  if (!stages || stages.empty())
    return false;
  return llvm::all_of(stages.getAsRange<DictionaryAttr>(), [&](DictionaryAttr stage) {
    auto name = stage.getAs<StringAttr>("name");
    std::string symbol = name ? (kernel.getSymName() + "." + name.getValue()).str() : "";
    auto gpuModules = cast<ModuleOp>(kernel->getParentOp()).getOps<gpu::GPUModuleOp>();
    return llvm::any_of(gpuModules, [&](gpu::GPUModuleOp module) { return module.lookupSymbol(symbol); });
  });
}

OwningOpRef<ModuleOp> hadal::check::lowerKernels(ModuleOp module, const TargetDescription &target) {
  DialectRegistry registry;
  registerKernelDialects(registry);
  module.getContext()->appendDialectRegistry(registry);
  for (StringRef name : registry.getDialectNames())
    module.getContext()->getOrLoadDialect(name);
  OwningOpRef<ModuleOp> copy(module.clone());
  OpBuilder builder = OpBuilder::atBlockEnd(copy->getBody());
  for (KernelOp kernel : copy->getOps<KernelOp>())
    if (!hasCode(kernel) && failed(lowerKernel(KernelAnatomy(kernel), target, builder)))
      return {};
  for (Operation &op : llvm::make_early_inc_range(*copy->getBody()))
    if (!isa<LLVM::LLVMFuncOp, LLVM::GlobalOp, gpu::GPUModuleOp>(op))
      op.erase();
  (*copy)->setAttrs(DictionaryAttr::get(copy->getContext()));
  return copy;
}

/// The module's kernels as LLVM IR for this machine, optimized; null after a diagnostic.
static std::unique_ptr<llvm::Module> lowerToLLVMIR(ModuleOp module, const TargetDescription &target,
                                                   llvm::LLVMContext &context) {
  OwningOpRef<ModuleOp> lowered = lowerKernels(module, target);
  if (!lowered)
    return nullptr;
  PassManager passes(module.getContext());
  if (target.kind() == TargetKind::CPU)
    buildLowerToLLVMPipeline(passes);
  else
    buildLowerToEmulatorPipeline(passes);
  if (failed(passes.run(*lowered)))
    return nullptr;
  std::unique_ptr<llvm::Module> result = translateKernels(*lowered, target, context);
  if (!result)
    return nullptr;
  if (llvm::Error error = optimizeKernels(*result, target)) {
    module.emitError(llvm::toString(std::move(error)));
    return nullptr;
  }
  return result;
}

FailureOr<CompiledKernels> CompiledKernels::compile(ModuleOp module, const TargetDescription &target,
                                                    StringRef assemblyFile) {
  auto fail = [&](llvm::Error error) -> FailureOr<CompiledKernels> {
    return module.emitError(llvm::toString(std::move(error)));
  };
  if (target.hasTiles())
    requestTileRegisters(llvm::join(target.required, ","), thisCpu());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule = lowerToLLVMIR(module, target, context);
  if (!llvmModule)
    return failure();
  if (!assemblyFile.empty()) {
    std::unique_ptr<llvm::Module> copy = llvm::CloneModule(*llvmModule);
    if (llvm::Error error = writeFile(assemblyFile, [&](llvm::raw_pwrite_stream &stream) {
          return emitObject(*copy, target, stream, /*assembly=*/true);
        }))
      return fail(std::move(error));
  }
  SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  if (llvm::Error error = emitObject(*llvmModule, target, stream))
    return fail(std::move(error));
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return fail(jit.takeError());
  if (llvm::Error error = (*jit)->addObjectFile(std::make_unique<llvm::SmallVectorMemoryBuffer>(
          std::move(object), "kernels", /*RequiresNullTerminator=*/false)))
    return fail(std::move(error));
  llvm::orc::SymbolMap symbols;
  for (const hadal_emulator_symbol *symbol = hadal_emulator_symbols; symbol->name; ++symbol)
    symbols[(*jit)->mangleAndIntern(symbol->name)] = {llvm::orc::ExecutorAddr::fromPtr(symbol->address),
                                                      llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  symbols[(*jit)->mangleAndIntern(tileRegistersSymbol)] = {llvm::orc::ExecutorAddr::fromPtr(&hadal_tile_registers),
                                                           llvm::JITSymbolFlags::Exported};
  if (llvm::Error error = (*jit)->getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols))))
    return fail(std::move(error));
  return CompiledKernels(std::move(*jit));
}

FailureOr<void *> CompiledKernels::lookUp(KernelOp kernel, const StageSpec &stage) {
  auto address = jit->lookup(getStageSymbol(kernel, stage));
  if (!address)
    return kernel.emitError("the stage '") << stage.name << "' has no code: " << llvm::toString(address.takeError());
  return address->toPtr<void *>();
}

/// Lays out a buffer per operand and result; tied results share their operand's, whose number is in `resultBuffers`.
static KernelMemory layOut(KernelOp kernel, ArrayRef<Tensor> inputs, const KernelConfiguration &configuration,
                           const RunOptions &options, SmallVectorImpl<unsigned> &resultBuffers) {
  KernelMemory memory;
  // The runtime aligns a GPU's buffers, and kernels rely on it; a CPU's may lie anywhere.
  bool isGPU = configuration.stages.front().isGPU();
  auto makeBuffer = [&](const Twine &name, RankedTensorType type, bool writable) -> GuardedBuffer & {
    memory.writable.push_back(writable);
    return memory.buffers.emplace_back(name.str(), tensorBytes(type), options.side, isGPU ? 256 : elementBytes(type));
  };
  for (auto [index, type] : llvm::enumerate(kernel.getArgumentTypes())) {
    bool writable = llvm::is_contained(options.tied, int64_t(index));
    GuardedBuffer &buffer = makeBuffer("operand " + Twine(index), cast<RankedTensorType>(type), writable);
    copyIn(inputs[index], cast<RankedTensorType>(type), buffer.data());
    if (!writable)
      buffer.forbidWriting();
    memory.arguments.push_back(buffer.data());
  }
  for (auto [index, type] : llvm::enumerate(kernel.getResultTypes())) {
    int64_t tied = options.tied.empty() ? -1 : options.tied[index];
    if (tied < 0) {
      tied = memory.buffers.size();
      makeBuffer("result " + Twine(index), cast<RankedTensorType>(type), /*writable=*/true);
    }
    resultBuffers.push_back(tied);
    memory.arguments.push_back(memory.buffers[tied].data());
  }
  if (configuration.workspace > 0) {
    memory.writable.push_back(true);
    memory.arguments.push_back(
        memory.buffers.emplace_back("the workspace", configuration.workspace, options.side, isGPU ? 256 : 64).data());
  }
  return memory;
}

FailureOr<SmallVector<Tensor>> hadal::check::runKernel(CompiledKernels &kernels, KernelOp kernel,
                                                       ArrayRef<Tensor> inputs, const RunOptions &options) {
  FailureOr<KernelConfiguration> configuration = getConfiguration(kernel);
  if (failed(configuration))
    return failure();
  SmallVector<void *> functions;
  for (const StageSpec &stage : configuration->stages) {
    FailureOr<void *> function = kernels.lookUp(kernel, stage);
    if (failed(function))
      return failure();
    functions.push_back(*function);
  }
  SmallVector<unsigned> resultBuffers;
  KernelMemory memory = layOut(kernel, inputs, *configuration, options, resultBuffers);
  std::unique_ptr<StageRunner> runner = StageRunner::create(kernel, *configuration, functions, options);
  GuardedBuffer::setActivity("the kernel '" + kernel.getName().str() + "'");
  if (failed(runner->run(memory)))
    return failure();
  SmallVector<Tensor> results;
  for (auto [index, type] : llvm::enumerate(kernel.getResultTypes())) {
    auto tensor = cast<RankedTensorType>(type);
    const void *data = memory.buffers[resultBuffers[index]].data();
    if (!hasZeroPadding(tensor, data))
      return kernel.emitError("the kernel '")
             << kernel.getName() << "' leaves numbers in the padding of result " << index << ", which is to be zero";
    results.push_back(copyOut(tensor, data));
  }
  for (unsigned round = 0; round < options.repeat; ++round) {
    auto begin = std::chrono::steady_clock::now();
    if (failed(runner->run(memory)))
      return failure();
    double time = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
    *options.fastest = round == 0 ? time : std::min(time, *options.fastest);
  }
  return results;
}
