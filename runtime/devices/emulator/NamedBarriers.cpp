// Arrivals at named barriers.
#include "runtime/devices/emulator/NamedBarriers.h"

#include "runtime/devices/emulator/Worker.h"

namespace hadal::emulator {

void NamedBarriers::checkWarps(Worker &worker, const Barrier &barrier, uint32_t id, const char *location) {
  for (uint32_t warp = 0; warp < 32; ++warp)
    if (barrier.lanes[warp] != 0 && barrier.lanes[warp] != ~0u)
      worker.fail(location,
                  "barrier %u opens with a part of warp %u only (lanes 0x%08x): all lanes of a warp arrive together",
                  id, warp, barrier.lanes[warp]);
}

void NamedBarriers::arrive(Worker &worker, uint32_t id, uint32_t threads, bool wait, const char *location) {
  Thread &thread = worker.thread();
  if (id >= count)
    worker.fail(location, "there is no barrier %u: a block has 16", id);
  if (threads > thread.block->threads.size())
    worker.fail(location, "barrier %u waits for %u threads, but the block has %zu", id, threads,
                thread.block->threads.size());
  Barrier &barrier = barriers[id];
  if (barrier.arrived == 0) {
    barrier.expected = threads;
    barrier.firstLocation = location;
  } else if (barrier.expected != threads) {
    worker.fail(location, "barrier %u is for %u threads here, but for %u at %s, where others arrived", id, threads,
                barrier.expected, barrier.firstLocation);
  }
  uint32_t &lanes = barrier.lanes[thread.warp()];
  if (lanes >> thread.lane() & 1)
    worker.fail(location, "arrives at barrier %u for the second time, before it has opened (%u of %u threads arrived)",
                id, barrier.arrived, barrier.expected);
  lanes |= 1u << thread.lane();
  SharedMemory &memory = thread.block->memory;
  if (++barrier.arrived < barrier.expected) {
    if (wait) {
      barrier.waiting.add(thread);
      worker.wait(Wait::Barrier, location, id);
    }
    return;
  }
  checkWarps(worker, barrier, id, location);
  Time now = memory.advance();
  WaitingThreads woken = barrier.waiting;
  barrier = Barrier();
  worker.progress();
  while (Thread *other = woken.take()) {
    other->lastMeeting = now;
    worker.wake(*other);
  }
  if (wait)
    thread.lastMeeting = now;
}

} // namespace hadal::emulator
