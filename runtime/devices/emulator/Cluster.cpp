// The memory of clusters and their barrier.
#include "runtime/devices/emulator/Cluster.h"

#include "runtime/core/Error.h"
#include "runtime/devices/emulator/Worker.h"

#include <sys/mman.h>

namespace hadal::emulator {

Cluster::~Cluster() {
  if (mapping)
    munmap(mapping, mappedBytes);
}

void Cluster::map(size_t count) {
  if (mapping)
    munmap(mapping, mappedBytes);
  mappedBytes = (count + 1) * SharedMemory::stride;
  void *memory = mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  mapping = memory == MAP_FAILED ? nullptr : static_cast<std::byte *>(memory);
  if (!mapping)
    fail(HADAL_EXIT_OUT_OF_MEMORY, "there is no memory for the shared memory of ", count, " emulated blocks");
  uintptr_t address = reinterpret_cast<uintptr_t>(mapping);
  shared = mapping + (-address & (SharedMemory::stride - 1));
}

void Cluster::reset(const LaunchConfiguration &configuration, int64_t number) {
  size_t count = configuration.cluster;
  if (blocks.size() != count) {
    blocks.clear();
    map(count);
    for (size_t rank = 0; rank < count; ++rank)
      blocks.push_back(std::make_unique<Block>());
  }
  barrier.reset();
  for (size_t rank = 0; rank < count; ++rank) {
    Block &block = *blocks[rank];
    block.number = number * configuration.cluster + rank;
    block.rank = static_cast<uint32_t>(rank);
    block.threads.resize(configuration.threads);
    block.memory.reset(shared + rank * SharedMemory::stride, configuration.sharedBytes);
    block.barriers.reset();
    block.mbarriers.reset(block, configuration.sharedBytes);
    block.warps.assign(configuration.threads / 32, Warp());
    block.groups.resize(configuration.threads / 128);
    for (WarpGroup &group : block.groups)
      group.reset();
  }
}

void ClusterBarrier::open(Worker &worker) {
  arrivals = 0;
  ++phase;
  worker.progress();
  for (std::unique_ptr<Block> &block : worker.cluster().blocks)
    block->memory.advance();
  while (Thread *other = waiting.take())
    worker.wake(*other);
}

void ClusterBarrier::arrive(Worker &worker, const char *location) {
  Thread &thread = worker.thread();
  if (thread.clusterArrivals != thread.clusterWaits)
    worker.fail(location, "arrives at the cluster's barrier again without ptx.cluster_wait in between");
  ++thread.clusterArrivals;
  ++arrivals;
  check(worker);
}

void ClusterBarrier::check(Worker &worker) {
  if (arrivals > 0 && arrivals == worker.unfinishedThreads())
    open(worker);
}

void ClusterBarrier::wait(Worker &worker, const char *location) {
  Thread &thread = worker.thread();
  if (thread.clusterWaits == thread.clusterArrivals)
    worker.fail(location, "waits at the cluster's barrier without ptx.cluster_arrive");
  ++thread.clusterWaits;
  if (phase < thread.clusterArrivals) {
    waiting.add(thread);
    worker.wait(Wait::Cluster, location);
  }
  thread.lastMeeting = thread.block->memory.advance();
}

} // namespace hadal::emulator
