//===- Runner.cpp - compiles kernels into this process and runs them ----------------------------------------------===//
//
// The kernels are lowered in a copy of the module from which everything else is removed. The object file is handed to
// LLVM's JIT linker, so what runs is what hadalc would write.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Runner.h"
#include "codegen/CPU/EmitObject.h"
#include "codegen/CPU/LowerToLLVM.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <random>
#include <thread>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

CompiledKernels::CompiledKernels(std::unique_ptr<llvm::orc::LLJIT> jit) : jit(std::move(jit)) {}
CompiledKernels::CompiledKernels(CompiledKernels &&) = default;
CompiledKernels::~CompiledKernels() = default;

/// The module's kernels as LLVM IR, optimized; null after a diagnostic.
static std::unique_ptr<llvm::Module> lowerToLLVMIR(ModuleOp module, const TargetDescription &target,
                                                   llvm::LLVMContext &context) {
  OwningOpRef<ModuleOp> copy(module.clone());
  OpBuilder builder = OpBuilder::atBlockEnd(copy->getBody());
  for (KernelOp kernel : copy->getOps<KernelOp>())
    if (failed(lowerKernel(kernel, target, builder)))
      return nullptr;
  for (Operation &op : llvm::make_early_inc_range(*copy->getBody()))
    if (!isa<LLVM::LLVMFuncOp, LLVM::GlobalOp>(op))
      op.erase();
  (*copy)->setAttrs(DictionaryAttr::get(copy->getContext()));
  PassManager passes(copy->getContext());
  buildLowerToLLVMPipeline(passes);
  if (failed(passes.run(*copy)))
    return nullptr;
  std::unique_ptr<llvm::Module> result = translateKernels(*copy, target, context);
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
  module.getContext()
      ->loadDialect<LLVM::LLVMDialect, scf::SCFDialect, vector::VectorDialect, arith::ArithDialect,
                    math::MathDialect>();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule = lowerToLLVMIR(module, target, context);
  if (!llvmModule)
    return failure();
  if (!assemblyFile.empty()) {
    std::error_code code;
    llvm::raw_fd_ostream stream(assemblyFile, code);
    if (code)
      return module.emitError("cannot write ") << assemblyFile << ": " << code.message();
    std::unique_ptr<llvm::Module> copy = llvm::CloneModule(*llvmModule);
    if (llvm::Error error = emitObject(*copy, target, stream, /*assembly=*/true))
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
  return CompiledKernels(std::move(*jit));
}

FailureOr<CompiledKernels::Stage> CompiledKernels::lookUp(KernelOp kernel, const StageSpec &stage) {
  auto address = jit->lookup(getStageSymbol(kernel, stage));
  if (!address)
    return kernel.emitError("the stage '") << stage.name << "' has no code: " << llvm::toString(address.takeError());
  return address->toPtr<Stage>();
}

namespace {

/// Runs the steps of a kernel as the runtime does, with a barrier between steps.
class Team {
public:
  Team(const KernelConfiguration &configuration, ArrayRef<CompiledKernels::Stage> stages, const RunOptions &options)
      : configuration(configuration), stages(stages), options(options) {
    for (unsigned thread = 0; thread < options.threads; ++thread)
      scratch.emplace_back("the scratch of a thread", std::max<int64_t>(configuration.scratch, 64), options.side, 64);
  }

  void run(void *const *arguments) {
    for (const LaunchStep &step : configuration.steps)
      runStep(step, arguments);
  }

private:
  void runStep(const LaunchStep &step, void *const *arguments) {
    const StageSpec &stage = configuration.stages[step.stage];
    std::vector<int64_t> order(stage.tasks);
    std::iota(order.begin(), order.end(), 0);
    int64_t grain = options.shuffle ? 1 : stage.grain;
    if (options.shuffle)
      std::shuffle(order.begin(), order.end(), std::mt19937_64(options.shuffle));
    std::atomic<int64_t> next = 0;
    auto work = [&](unsigned thread) {
      for (int64_t begin; (begin = next.fetch_add(grain)) < stage.tasks;) {
        int64_t first = order[begin], end = first + std::min(grain, stage.tasks - begin);
        stages[step.stage](arguments, step.iteration, first, end, scratch[thread].data());
      }
    };
    std::vector<std::thread> others;
    for (unsigned thread = 1; thread < options.threads; ++thread)
      others.emplace_back(work, thread);
    work(0);
    for (std::thread &other : others)
      other.join();
  }

  const KernelConfiguration &configuration;
  ArrayRef<CompiledKernels::Stage> stages;
  const RunOptions &options;
  std::vector<GuardedBuffer> scratch;
};

void copyIn(const Tensor &tensor, Type element, void *to) {
  for (auto [index, value] : llvm::enumerate(tensor.data))
    if (element.isF32())
      static_cast<float *>(to)[index] = float(value);
    else
      static_cast<int32_t *>(to)[index] = int32_t(value);
}

Tensor copyOut(RankedTensorType type, const void *from) {
  Tensor tensor(type.getShape());
  for (int64_t index = 0; index < tensor.size(); ++index)
    tensor.data[index] = type.getElementType().isF32() ? double(static_cast<const float *>(from)[index])
                                                       : double(static_cast<const int32_t *>(from)[index]);
  return tensor;
}

/// Lays out a buffer per operand and result; tied results share their operand's.
struct Memory {
  std::vector<GuardedBuffer> buffers;
  SmallVector<void *> arguments;
  SmallVector<unsigned> resultBuffers;

  Memory(KernelOp kernel, ArrayRef<Tensor> inputs, int64_t workspace, const RunOptions &options) {
    auto bytes = [](Type type) { return size_t(cast<RankedTensorType>(type).getNumElements()) * 4; };
    for (auto [index, type] : llvm::enumerate(kernel.getArgumentTypes())) {
      GuardedBuffer &buffer = buffers.emplace_back(("operand " + Twine(index)).str(), bytes(type), options.side);
      copyIn(inputs[index], cast<RankedTensorType>(type).getElementType(), buffer.data());
      if (!llvm::is_contained(options.tied, int64_t(index)))
        buffer.forbidWriting();
      arguments.push_back(buffer.data());
    }
    for (auto [index, type] : llvm::enumerate(kernel.getResultTypes())) {
      int64_t tied = options.tied.empty() ? -1 : options.tied[index];
      if (tied < 0) {
        tied = buffers.size();
        buffers.emplace_back(("result " + Twine(index)).str(), bytes(type), options.side);
      }
      resultBuffers.push_back(tied);
      arguments.push_back(buffers[tied].data());
    }
    if (workspace > 0)
      arguments.push_back(buffers.emplace_back("the workspace", workspace, options.side, 64).data());
  }
};

} // namespace

FailureOr<SmallVector<Tensor>> hadal::check::runKernel(CompiledKernels &kernels, KernelOp kernel,
                                                       ArrayRef<Tensor> inputs, const RunOptions &options) {
  FailureOr<KernelConfiguration> configuration = getConfiguration(kernel);
  if (failed(configuration))
    return failure();
  SmallVector<CompiledKernels::Stage> stages;
  for (const StageSpec &stage : configuration->stages) {
    FailureOr<CompiledKernels::Stage> function = kernels.lookUp(kernel, stage);
    if (failed(function))
      return failure();
    stages.push_back(*function);
  }
  Memory memory(kernel, inputs, configuration->workspace, options);
  Team team(*configuration, stages, options);
  GuardedBuffer::setActivity("the kernel '" + kernel.getName().str() + "'");
  team.run(memory.arguments.data());
  SmallVector<Tensor> results;
  for (auto [type, buffer] : llvm::zip(kernel.getResultTypes(), memory.resultBuffers))
    results.push_back(copyOut(cast<RankedTensorType>(type), memory.buffers[buffer].data()));
  for (unsigned round = 0; round < options.repeat; ++round) {
    auto begin = std::chrono::steady_clock::now();
    team.run(memory.arguments.data());
    double time = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
    *options.fastest = round == 0 ? time : std::min(time, *options.fastest);
  }
  return results;
}
