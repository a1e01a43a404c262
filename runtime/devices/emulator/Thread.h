// A CUDA thread: its fiber and what the emulator remembers of it.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_THREAD_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_THREAD_H

#include "runtime/devices/emulator/Context.h"
#include "runtime/devices/emulator/SharedMemory.h"
#include "runtime/devices/emulator/TMAStores.h"

#include <cstdint>

namespace hadal::emulator {

class Block;

/// What a thread waits for.
enum class Wait : uint8_t { Barrier, Warp, WarpGroup, MBarrier, Cluster, Idle };

struct Thread {
  enum class State : uint8_t { Ready, Waiting, Finished };

  Context context;
  Block *block = nullptr;
  /// In its block.
  uint32_t number = 0;
  State state = State::Ready;
  Wait wait = Wait::Barrier;
  /// What it waits for: the number of a barrier, or an mbarrier's offset and parity.
  uint32_t waitedFor = 0, parity = 0;
  /// Where it waits.
  const char *location = nullptr;
  /// The next one that waits for the same.
  Thread *nextWaiting = nullptr;
  /// What it finds when it goes on.
  uint64_t result = 0;

  /// When it last met others (SharedMemory.h).
  Time lastMeeting = 0;
  /// Whether registers are in order for a wgmma.
  bool wgmmaFenced = false;
  /// wgmmas issued, and groups of them closed.
  uint32_t products = 0, productGroups = 0;
  /// Arrivals at the cluster's barrier, and waits for it.
  uint32_t clusterArrivals = 0, clusterWaits = 0;
  TMAStores stores;

  uint32_t lane() const { return number % 32; }
  uint32_t warp() const { return number / 32; }
};

/// Threads that wait for the same, first come first.
class WaitingThreads {
public:
  bool empty() const { return !first; }
  void add(Thread &thread) {
    thread.nextWaiting = nullptr;
    (last ? last->nextWaiting : first) = &thread;
    last = &thread;
  }
  /// Removes and returns the first one; null when there is none.
  Thread *take() {
    Thread *thread = first;
    if (thread)
      first = thread->nextWaiting;
    if (!first)
      last = nullptr;
    return thread;
  }

private:
  Thread *first = nullptr, *last = nullptr;
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_THREAD_H
