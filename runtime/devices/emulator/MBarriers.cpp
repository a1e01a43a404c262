// Arrivals, phases, and the delivery of TMA loads.
#include "runtime/devices/emulator/MBarriers.h"

#include "runtime/devices/emulator/Worker.h"

namespace hadal::emulator {

void MBarriers::reset(Block &owner, size_t sharedBytes) {
  block = &owner;
  barriers.clear();
  numbers.assign((sharedBytes + 7) / 8, 0);
}

void MBarriers::initialize(Worker &worker, size_t offset, uint32_t count, const char *location) {
  SharedMemory &memory = block->memory;
  if (offset % 8 || !memory.contains(offset, 8))
    worker.fail(location, "shared memory offset %zu is no place for an mbarrier: it must be a multiple of 8 below %zu",
                offset, memory.size());
  if (count == 0 || count >= 1u << 20)
    worker.fail(location, "an mbarrier cannot count to %u", count);
  uint16_t &number = numbers[offset / 8];
  if (number == 0) {
    if (!memory.writable(offset, 8))
      worker.fail(location, "a TMA load into the mbarrier's place, shared memory offset %zu, is under way", offset);
    barriers.emplace_back();
    number = static_cast<uint16_t>(barriers.size());
  }
  MBarrier &barrier = barriers[number - 1];
  if (!barrier.waiting.empty() || !barrier.loads.empty())
    worker.fail(location, "the mbarrier at shared memory offset %zu is initialized again while it is in use", offset);
  barrier = MBarrier();
  barrier.offset = offset;
  barrier.count = barrier.pending = count;
  barrier.initializedBy = worker.thread().number;
  memory.mark(offset, 8, Content::Barrier, barrier.initializedBy);
}

void MBarriers::fence(uint32_t thread) {
  for (MBarrier &barrier : barriers)
    if (barrier.initializedBy == thread)
      barrier.fenced = true;
}

const MBarrier *MBarriers::find(size_t offset) const {
  size_t index = offset / 8;
  return offset % 8 == 0 && index < numbers.size() && numbers[index] ? &barriers[numbers[index] - 1] : nullptr;
}

MBarrier &MBarriers::at(Worker &worker, size_t offset, const char *location) {
  const MBarrier *found = find(offset);
  if (!found)
    worker.fail(location, "there is no mbarrier at shared memory offset %zu of block %lld: none was initialized there",
                offset, static_cast<long long>(block->number));
  // An initialization that nothing has ordered before this use. Only for threads of the same block: another block's
  // clock is another one.
  Thread &thread = worker.thread();
  if (thread.block == block && found->initializedBy != thread.number &&
      block->memory.shadow(offset).time() >= thread.lastMeeting)
    worker.fail(
        location,
        "uses the mbarrier at shared memory offset %zu, which thread %u initialized, without a barrier in between",
        offset, found->initializedBy);
  return const_cast<MBarrier &>(*found);
}

void MBarriers::complete(Worker &worker, MBarrier &barrier) {
  for (const TMALoad &load : barrier.loads) {
    load.box.load(block->memory.data(), load.destination);
    block->memory.mark(load.destination, load.box.bytes(), Content::Loaded, SharedMemory::asynchronous);
  }
  barrier.loads.clear();
  barrier.loading = barrier.bytes = 0;
  barrier.pending = barrier.count;
  ++barrier.phase;
  worker.progress();
  while (Thread *thread = barrier.waiting.take())
    worker.wake(*thread, 1);
}

void MBarriers::arrive(Worker &worker, MBarrier &barrier, uint32_t expectedBytes, const char *location) {
  if (barrier.completable())
    complete(worker, barrier);
  if (barrier.pending == 0)
    worker.fail(location,
                "arrives at the mbarrier at shared memory offset %zu, whose phase already has all its %u arrivals and "
                "waits for %lld more bytes",
                barrier.offset, barrier.count, static_cast<long long>(barrier.bytes - barrier.loading));
  barrier.bytes += expectedBytes;
  --barrier.pending;
  worker.progress();
  if (barrier.completable() && !barrier.waiting.empty())
    complete(worker, barrier);
}

void MBarriers::load(Worker &worker, MBarrier &barrier, const TMALoad &load) {
  if (barrier.completable())
    complete(worker, barrier);
  barrier.loads.push_back(load);
  barrier.loading += load.box.bytes();
  worker.progress();
  if (barrier.completable() && !barrier.waiting.empty())
    complete(worker, barrier);
}

bool MBarriers::wait(Worker &worker, MBarrier &barrier, uint32_t parity, const char *location) {
  Thread &thread = worker.thread();
  if ((barrier.phase & 1) == (parity & 1)) {
    if (barrier.completable()) {
      complete(worker, barrier);
    } else {
      barrier.waiting.add(thread);
      worker.wait(Wait::MBarrier, location, static_cast<uint32_t>(barrier.offset), parity & 1);
      if (!thread.result)
        return false;
    }
  }
  thread.lastMeeting = thread.block->memory.advance();
  return true;
}

bool MBarriers::wakePolling(Worker &worker) {
  bool any = false;
  for (MBarrier &barrier : barriers)
    while (Thread *thread = barrier.waiting.take()) {
      worker.wake(*thread, 0);
      any = true;
    }
  return any;
}

const char *MBarriers::locationOfLoad(size_t offset) const {
  for (const MBarrier &barrier : barriers)
    for (const TMALoad &load : barrier.loads)
      if (offset >= load.destination && offset - load.destination < load.box.bytes())
        return load.location;
  return "an unknown place";
}

const TMALoad *MBarriers::unfinishedLoad() const {
  for (const MBarrier &barrier : barriers)
    if (!barrier.loads.empty())
      return &barrier.loads.front();
  return nullptr;
}

} // namespace hadal::emulator
