// The checks, byte for byte; runs of bytes with the same history are looked at once.
#include "runtime/devices/emulator/AsynchronousRead.h"

#include "runtime/devices/emulator/Worker.h"

namespace hadal::emulator {

static void checkByte(Worker &worker, const SharedMemory &memory, size_t offset, const AsynchronousReader &reader) {
  SharedMemory::Byte byte = memory.shadow(offset);
  switch (byte.content()) {
  case Content::Unwritten:
    worker.fail(reader.location, "%s reads shared memory offset %zu, which nobody has written", reader.what, offset);
  case Content::Barrier:
    worker.fail(reader.location, "%s reads shared memory offset %zu, which holds an mbarrier", reader.what, offset);
  case Content::Loading:
    worker.fail(
        reader.location,
        "%s reads shared memory offset %zu while the TMA load at %s into it is under way: either this reader has "
        "to wait for the load's mbarrier, or the load for this reader",
        reader.what, offset, worker.thread().block->mbarriers.locationOfLoad(offset));
  case Content::Written:
  case Content::Loaded:
    break;
  }
  bool own = byte.writer() - reader.firstThread < reader.threads;
  if (!own && byte.time() >= reader.lastMeeting) {
    if (byte.content() == Content::Loaded)
      worker.fail(reader.location,
                  "%s reads what TMA loaded to shared memory offset %zu without having waited for its mbarrier",
                  reader.what, offset);
    worker.fail(reader.location,
                "%s reads shared memory offset %zu, which thread %u wrote, without a barrier in between", reader.what,
                offset, byte.writer());
  }
  if (!memory.visibleToAsynchronous(byte))
    worker.fail(reader.location,
                "%s reads shared memory offset %zu, which ordinary stores (of thread %u) wrote, without "
                "ptx.fence_proxy_async in between",
                reader.what, offset, byte.writer());
}

void checkBeforeRead(Worker &worker, const SharedMemory &memory, size_t offset, size_t length,
                     const AsynchronousReader &reader) {
  if (!memory.contains(offset, length))
    worker.fail(reader.location, "%s reads %zu bytes at shared memory offset %zu, but the block has %zu bytes of it",
                reader.what, length, offset, memory.size());
  uint32_t previous = ~0u;
  for (size_t i = offset; i < offset + length; ++i) {
    uint32_t word = memory.shadow(i).word;
    if (word != previous)
      checkByte(worker, memory, i, reader);
    previous = word;
  }
}

void checkUnchanged(Worker &worker, const SharedMemory &memory, size_t offset, size_t length, Time issued,
                    const char *what, const char *issueLocation, const char *location) {
  for (size_t i = offset; i < offset + length; ++i) {
    SharedMemory::Byte byte = memory.shadow(i);
    bool data = byte.content() == Content::Written || byte.content() == Content::Loaded;
    if (data && byte.time() < issued)
      continue;
    if (byte.content() == Content::Loading || byte.content() == Content::Loaded)
      worker.fail(location,
                  "shared memory offset %zu has been given to a TMA load while %s of the operation at %s still read it",
                  i, what, issueLocation);
    worker.fail(location,
                "thread %u has overwritten shared memory offset %zu while %s of the operation at %s still read it",
                byte.writer(), i, what, issueLocation);
  }
}

} // namespace hadal::emulator
