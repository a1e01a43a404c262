// The mbarriers of a block: 8 bytes of shared memory each, whose state is kept here.
//
// A phase counts arrivals and bytes. It is *completable* when all arrivals have come and the TMA loads under way bring
// exactly the bytes that are still missing. Only when a thread waits for it (or one arrives for the next phase) are the
// loads delivered and the phase completed: as late as a GPU may do it.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_MBARRIERS_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_MBARRIERS_H

#include "runtime/devices/emulator/TensorBox.h"
#include "runtime/devices/emulator/Thread.h"

#include <deque>
#include <vector>

namespace hadal::emulator {

class Worker;

/// A TMA load under way into the shared memory of the block of its mbarrier.
struct TMALoad {
  TensorBox box;
  size_t destination = 0;
  const char *location = nullptr;
};

struct MBarrier {
  size_t offset = 0;
  uint32_t count = 0;
  /// Arrivals that are missing in this phase.
  uint32_t pending = 0;
  /// Bytes expected less those that have arrived, and the bytes of the loads under way.
  int64_t bytes = 0, loading = 0;
  uint32_t phase = 0;
  /// Whether a fence has made it known to the cluster and to TMA.
  bool fenced = false;
  uint32_t initializedBy = 0;
  std::vector<TMALoad> loads;
  WaitingThreads waiting;

  bool completable() const { return pending == 0 && bytes == loading; }
};

class MBarriers {
public:
  void reset(Block &block, size_t sharedBytes);

  void initialize(Worker &worker, size_t offset, uint32_t count, const char *location);
  /// The fence of the running thread makes those known that it initialized.
  void fence(uint32_t thread);

  /// The mbarrier at an offset; a fault when there is none.
  MBarrier &at(Worker &worker, size_t offset, const char *location);

  void arrive(Worker &worker, MBarrier &barrier, uint32_t expectedBytes, const char *location);
  void load(Worker &worker, MBarrier &barrier, const TMALoad &load);
  /// Whether the phase of a parity is complete, perhaps after a wait.
  bool wait(Worker &worker, MBarrier &barrier, uint32_t parity, const char *location);

  /// Wakes all that wait, with the answer that the phase is not complete; returns whether there were any.
  bool wakePolling(Worker &worker);
  /// The first load that nobody waited for; null when there is none.
  const TMALoad *unfinishedLoad() const;
  /// Where the load under way into a byte was issued.
  const char *locationOfLoad(size_t offset) const;
  /// For messages: null when there is none.
  const MBarrier *find(size_t offset) const;

private:
  Block *block = nullptr;
  std::deque<MBarrier> barriers;
  /// The mbarrier at offset / 8, counted from 1; 0: none.
  std::vector<uint16_t> numbers;

  void complete(Worker &worker, MBarrier &barrier);
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_MBARRIERS_H
