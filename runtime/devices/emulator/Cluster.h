// The blocks of a cluster: they run together, and each may reach the shared memory of the others.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_CLUSTER_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_CLUSTER_H

#include "runtime/devices/emulator/MBarriers.h"
#include "runtime/devices/emulator/NamedBarriers.h"
#include "runtime/devices/emulator/SharedMemory.h"
#include "runtime/devices/emulator/Thread.h"
#include "runtime/devices/emulator/Warp.h"
#include "runtime/devices/emulator/WarpGroup.h"

#include <memory>
#include <vector>

namespace hadal::emulator {

class Block {
public:
  /// In the grid, and in its cluster.
  int64_t number = 0;
  uint32_t rank = 0;
  std::vector<Thread> threads;
  SharedMemory memory;
  NamedBarriers barriers;
  MBarriers mbarriers;
  std::vector<Warp> warps;
  std::vector<WarpGroup> groups;
};

/// barrier.cluster: every thread of the cluster that has not ended arrives, then waits.
class ClusterBarrier {
public:
  void reset() { *this = ClusterBarrier(); }
  void arrive(Worker &worker, const char *location);
  void wait(Worker &worker, const char *location);
  /// Opens when all threads that are left have arrived: to be called when one has ended.
  void check(Worker &worker);
  uint32_t arrived() const { return arrivals; }

private:
  uint32_t arrivals = 0;
  uint32_t phase = 0;
  WaitingThreads waiting;

  void open(Worker &worker);
};

class Cluster {
public:
  Cluster() = default;
  ~Cluster();
  Cluster(const Cluster &) = delete;
  Cluster &operator=(const Cluster &) = delete;

  void reset(const LaunchConfiguration &configuration, int64_t number);

  std::vector<std::unique_ptr<Block>> blocks;
  ClusterBarrier barrier;

  /// The block whose shared memory (256 KiB region) holds an address; null for other memory.
  Block *find(const void *address) {
    size_t index = static_cast<size_t>(static_cast<const std::byte *>(address) - shared) / SharedMemory::stride;
    return index < blocks.size() ? blocks[index].get() : nullptr;
  }

private:
  /// The shared memory of all blocks, one behind the other, in a mapping of its own.
  std::byte *shared = nullptr, *mapping = nullptr;
  size_t mappedBytes = 0;

  void map(size_t count);
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_CLUSTER_H
