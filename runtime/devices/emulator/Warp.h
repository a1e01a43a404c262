// What the 32 lanes of a warp do together: shuffles, votes, exchanges of matrices. Every lane brings what it has, and
// the last one to come works out the results of all.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_WARP_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_WARP_H

#include "runtime/devices/emulator/Thread.h"

namespace hadal::emulator {

class Worker;

class Warp {
public:
  /// What the last lane does: reads values[] and writes lanes[i]->result.
  using Complete = void (*)(Worker &worker, Warp &warp, const char *location);

  /// Brings `value` (and, if need be, a place for results); returns the running thread's result.
  uint64_t meet(Worker &worker, const char *location, Complete complete, uint64_t value, void *place = nullptr);

  Thread *lanes[32] = {};
  uint64_t values[32] = {};
  void *places[32] = {};

  uint32_t arrived() const { return mask; }

private:
  uint32_t mask = 0;
  const char *firstLocation = nullptr;
  WaitingThreads waiting;
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_WARP_H
