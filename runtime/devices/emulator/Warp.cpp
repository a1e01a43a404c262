// The meeting of a warp's lanes.
#include "runtime/devices/emulator/Warp.h"

#include "runtime/devices/emulator/Worker.h"

#include <cstring>

namespace hadal::emulator {

uint64_t Warp::meet(Worker &worker, const char *location, Complete complete, uint64_t value, void *place) {
  Thread &thread = worker.thread();
  if (mask == 0)
    firstLocation = location;
  else if (firstLocation != location && std::strcmp(firstLocation, location) != 0)
    worker.fail(location, "the lanes of warp %u are not together: lanes 0x%08x are at %s", thread.warp(), mask,
                firstLocation);
  uint32_t lane = thread.lane();
  lanes[lane] = &thread;
  values[lane] = value;
  places[lane] = place;
  mask |= 1u << lane;
  if (mask != ~0u) {
    waiting.add(thread);
    worker.wait(Wait::Warp, location);
    return thread.result;
  }
  complete(worker, *this, location);
  mask = 0;
  WaitingThreads woken = waiting;
  waiting = WaitingThreads();
  while (Thread *other = woken.take())
    worker.wake(*other, other->result);
  return thread.result;
}

} // namespace hadal::emulator
