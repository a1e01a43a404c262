// Distribution of a launch's clusters over the threads of the team.
#include "runtime/devices/emulator/Emulator.h"

#include "runtime/core/Error.h"
#include "runtime/devices/emulator/TensorBox.h"
#include "runtime/devices/emulator/Worker.h"
#include "runtime/include/hadal/gpu_limits.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>

namespace hadal::emulator {

/// The stacks of a worker are up to 2048 mappings, of which Linux grants a process 65530.
static constexpr unsigned mostWorkers = 16;

Emulator::Emulator(ThreadTeam &team) : team(team) {
  for (unsigned i = 0; i < std::min(team.size(), mostWorkers); ++i)
    workers.push_back(std::make_unique<Worker>());
}

Emulator::~Emulator() = default;

/// Why no GPU would start this launch; empty when it is in order.
static std::string whatIsWrongWith(const LaunchConfiguration &configuration, std::span<const TensorMap> maps) {
  // What is emulated is a Hopper GPU.
  static const hadal_gpu_limits &limits = *hadal_find_gpu_limits("sm_90a");
  const int64_t mostShared = limits.shared_bytes_per_block, mostThreads = limits.threads_per_block,
                mostInCluster = limits.blocks_per_cluster;
  if (configuration.threads < 32 || configuration.threads > mostThreads || configuration.threads % 32)
    return concat("has blocks of ", configuration.threads, " threads: it must be a multiple of 32 up to ", mostThreads);
  if (configuration.cluster < 1 || configuration.cluster > mostInCluster)
    return concat("has clusters of ", configuration.cluster, " blocks: 1 to ", mostInCluster, " are possible");
  if (configuration.blocks < 1 || configuration.blocks > INT32_MAX || configuration.blocks % configuration.cluster)
    return concat("has ", configuration.blocks, " blocks: it must be a multiple of the cluster's ",
                  configuration.cluster);
  if (configuration.sharedBytes < 0 || configuration.sharedBytes > mostShared)
    return concat("asks for ", configuration.sharedBytes, " bytes of shared memory: a block has up to ", mostShared);
  for (size_t i = 0; i < maps.size(); ++i)
    if (std::string reason = whatIsWrongWith(maps[i]); !reason.empty())
      return concat("has a tensor map ", i, " that no GPU takes: ", reason);
  return {};
}

std::string Emulator::launch(KernelFunction function, const LaunchConfiguration &configuration, void *const *arguments,
                             int64_t iteration, std::span<const TensorMap> maps) {
  if (std::string reason = whatIsWrongWith(configuration, maps); !reason.empty())
    return concat("kernel '", configuration.name, "' ", reason);
  std::vector<const void *> mapPointers;
  for (const TensorMap &map : maps)
    mapPointers.push_back(&map);
  Launch launch{function, configuration, arguments, iteration, mapPointers.data(), maps};

  std::vector<int64_t> order(configuration.blocks / configuration.cluster);
  std::iota(order.begin(), order.end(), 0);
  if (configuration.order)
    std::shuffle(order.begin(), order.end(), std::mt19937_64(configuration.order));
  std::atomic<size_t> next = 0;
  std::atomic<bool> faulted = false;
  auto work = [&](unsigned thread) {
    if (thread >= workers.size())
      return;
    for (size_t i; !faulted && (i = next++) < order.size();)
      if (!workers[thread]->run(launch, order[i]))
        faulted = true;
  };
  for (std::unique_ptr<Worker> &worker : workers)
    worker->clearFault();
  team.run([](void *context, unsigned thread) { (*static_cast<decltype(work) *>(context))(thread); }, &work);
  for (std::unique_ptr<Worker> &worker : workers)
    if (!worker->fault().empty())
      return worker->fault();
  return {};
}

} // namespace hadal::emulator
