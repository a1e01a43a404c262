//===- Stages.cpp - runs the stages of a compiled kernel ----------------------------------------------------------===//
//
// On a CPU, threads take tasks from a counter, with a barrier between steps. For a GPU, the runtime's emulator does the
// same with clusters of blocks.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Stages.h"
#include "runtime/devices/emulator/Emulator.h"
#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <thread>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;

namespace {

class CPUStages : public StageRunner {
public:
  CPUStages(const KernelConfiguration &configuration, ArrayRef<void *> functions, const RunOptions &options)
      : configuration(configuration), functions(functions), options(options) {
    for (unsigned thread = 0; thread < options.threads; ++thread)
      scratch.emplace_back("the scratch of a thread", std::max<int64_t>(configuration.scratch, 64), options.side, 64);
  }

  LogicalResult run(KernelMemory &memory) override {
    for (const LaunchStep &step : configuration.steps)
      runStep(step, memory.arguments.data());
    return success();
  }

private:
  using Function = void (*)(void *const *arguments, int64_t iteration, int64_t first, int64_t end, void *scratch);

  const KernelConfiguration &configuration;
  ArrayRef<void *> functions;
  const RunOptions &options;
  std::vector<GuardedBuffer> scratch;

  void runStep(const LaunchStep &step, void *const *arguments) {
    const StageSpec &stage = configuration.stages[step.stage];
    std::vector<int64_t> order(stage.tasks);
    std::iota(order.begin(), order.end(), 0);
    int64_t grain = options.shuffle ? 1 : stage.grain;
    if (options.shuffle)
      std::shuffle(order.begin(), order.end(), std::mt19937_64(options.shuffle));
    auto function = reinterpret_cast<Function>(functions[step.stage]);
    std::atomic<int64_t> next = 0;
    auto work = [&](unsigned thread) {
      for (int64_t begin; (begin = next.fetch_add(grain)) < stage.tasks;) {
        int64_t first = order[begin], end = first + std::min(grain, stage.tasks - begin);
        function(arguments, step.iteration, first, end, scratch[thread].data());
      }
    };
    std::vector<std::thread> others;
    for (unsigned thread = 1; thread < options.threads; ++thread)
      others.emplace_back(work, thread);
    work(0);
    for (std::thread &other : others)
      other.join();
  }
};

class EmulatedStages : public StageRunner {
public:
  EmulatedStages(KernelOp kernel, const KernelConfiguration &configuration, ArrayRef<void *> functions,
                 const RunOptions &options)
      : kernel(kernel), configuration(configuration), functions(functions), options(options), team(options.threads),
        emulator(team) {}

  LogicalResult run(KernelMemory &memory) override {
    SmallVector<emulator::GlobalBuffer> buffers;
    for (auto [buffer, writable] : llvm::zip(memory.buffers, memory.writable))
      buffers.push_back({buffer.data(), buffer.size(), writable, buffer.getName().c_str()});
    for (const LaunchStep &step : configuration.steps) {
      const StageSpec &stage = configuration.stages[step.stage];
      std::string name = getStageSymbol(kernel, stage);
      emulator::LaunchConfiguration launch;
      launch.name = name.c_str();
      launch.blocks = stage.tasks;
      launch.threads = stage.threads;
      launch.cluster = stage.cluster;
      launch.sharedBytes = stage.sharedMemory;
      launch.buffers = buffers;
      launch.order = options.shuffle;
      SmallVector<emulator::TensorMap> maps;
      for (const TensorMapSpec &map : stage.maps)
        maps.push_back(makeMap(map, memory));
      std::string fault = emulator.launch(reinterpret_cast<emulator::KernelFunction>(functions[step.stage]), launch,
                                          memory.arguments.data(), step.iteration, maps);
      if (!fault.empty())
        return kernel.emitError(fault);
    }
    return success();
  }

private:
  KernelOp kernel;
  const KernelConfiguration &configuration;
  ArrayRef<void *> functions;
  const RunOptions &options;
  ThreadTeam team;
  emulator::Emulator emulator;

  static emulator::TensorMap makeMap(const TensorMapSpec &spec, KernelMemory &memory) {
    emulator::TensorMap map;
    map.data = static_cast<std::byte *>(memory.arguments[spec.argument]) + spec.offset;
    map.elementBytes = spec.element.getIntOrFloatBitWidth() / 8;
    map.rank = spec.sizes.size();
    llvm::copy(spec.sizes, map.sizes);
    llvm::copy(spec.strides, map.strides + 1);
    llvm::copy(spec.box, map.box);
    map.swizzle = uint32_t(spec.swizzle);
    return map;
  }
};

} // namespace

std::unique_ptr<StageRunner> StageRunner::create(KernelOp kernel, const KernelConfiguration &configuration,
                                                 ArrayRef<void *> functions, const RunOptions &options) {
  if (configuration.stages.front().isGPU())
    return std::make_unique<EmulatedStages>(kernel, configuration, functions, options);
  return std::make_unique<CPUStages>(configuration, functions, options);
}
