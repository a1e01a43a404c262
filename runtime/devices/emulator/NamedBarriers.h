// The sixteen barriers of a block (bar.sync, bar.arrive).
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_NAMEDBARRIERS_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_NAMEDBARRIERS_H

#include "runtime/devices/emulator/Thread.h"

namespace hadal::emulator {

class Worker;

class NamedBarriers {
public:
  static constexpr uint32_t count = 16;

  void reset() { *this = NamedBarriers(); }
  /// The running thread arrives at barrier `id`, where `threads` threads are expected, and waits for the others if told
  /// to.
  void arrive(Worker &worker, uint32_t id, uint32_t threads, bool wait, const char *location);

  /// Threads that have arrived and that are expected, for messages.
  uint32_t arrived(uint32_t id) const { return barriers[id].arrived; }
  uint32_t expected(uint32_t id) const { return barriers[id].expected; }

private:
  struct Barrier {
    uint32_t expected = 0, arrived = 0;
    /// Lanes of every warp that have arrived.
    uint32_t lanes[32] = {};
    const char *firstLocation = nullptr;
    WaitingThreads waiting;
  };
  Barrier barriers[count];

  static void checkWarps(Worker &worker, const Barrier &barrier, uint32_t id, const char *location);
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_NAMEDBARRIERS_H
