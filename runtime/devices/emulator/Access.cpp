// Which memory an address belongs to, and whether the running thread may touch it.
#include "runtime/devices/emulator/Access.h"

#include "runtime/devices/emulator/Worker.h"

#include <cstring>

namespace hadal::emulator {

static const char *verb(const Access &access) { return access.writes ? "writes" : "reads"; }

/// Why a thread may not read a byte of shared memory.
[[noreturn]] static void failToRead(Worker &worker, const Access &access, size_t offset) {
  Thread &thread = worker.thread();
  SharedMemory &memory = thread.block->memory;
  while (memory.readable(offset, 1, thread.number, thread.lastMeeting))
    ++offset;
  SharedMemory::Byte byte = memory.shadow(offset);
  switch (byte.content()) {
  case Content::Unwritten:
    worker.fail(access.location, "reads shared memory offset %zu, which nobody has written", offset);
  case Content::Loading:
    worker.fail(
        access.location,
        "reads shared memory offset %zu while the TMA load at %s into it is under way: either this reader has to "
        "wait for the load's mbarrier, or the load for this reader",
        offset, thread.block->mbarriers.locationOfLoad(offset));
  case Content::Barrier:
    worker.fail(access.location, "reads shared memory offset %zu, which holds an mbarrier", offset);
  case Content::Loaded:
    worker.fail(access.location,
                "reads what TMA loaded to shared memory offset %zu without having waited for its mbarrier", offset);
  case Content::Written:
    break;
  }
  worker.fail(access.location,
              "reads shared memory offset %zu, which thread %u wrote, without a barrier in between: a race", offset,
              byte.writer());
}

static void checkShared(Worker &worker, const Access &access, size_t offset) {
  Thread &thread = worker.thread();
  SharedMemory &memory = thread.block->memory;
  if (!memory.contains(offset, access.bytes))
    worker.fail(access.location, "%s %zu bytes at shared memory offset %zu, but the block has %zu bytes of it",
                verb(access), access.bytes, offset, memory.size());
  if (!access.writes) {
    if (!memory.readable(offset, access.bytes, thread.number, thread.lastMeeting))
      failToRead(worker, access, offset);
    return;
  }
  if (!memory.writable(offset, access.bytes))
    worker.fail(access.location,
                "writes %zu bytes at shared memory offset %zu, where there is an mbarrier or a TMA load under way",
                access.bytes, offset);
  memory.mark(offset, access.bytes, Content::Written, thread.number);
}

/// Shared memory of another block of the cluster. Its clock is another one, so races are not looked for.
static void checkRemote(Worker &worker, const Access &access, Block &block) {
  SharedMemory &memory = block.memory;
  size_t offset = static_cast<const std::byte *>(access.address) - memory.data();
  if (access.space == 3)
    worker.fail(
        access.location, "%s %zu bytes at offset %lld from its block's shared memory, which has %zu bytes",
        verb(access), access.bytes,
        static_cast<long long>(static_cast<const std::byte *>(access.address) - worker.thread().block->memory.data()),
        memory.size());
  if (!memory.contains(offset, access.bytes))
    worker.fail(access.location,
                "%s %zu bytes at shared memory offset %zu of block %u of the cluster, which has %zu bytes",
                verb(access), access.bytes, offset, block.rank, memory.size());
  for (size_t i = offset; i < offset + access.bytes; ++i) {
    Content content = memory.shadow(i).content();
    if (content == Content::Loading || content == Content::Barrier || (!access.writes && content == Content::Unwritten))
      worker.fail(access.location, "%s shared memory offset %zu of block %u of the cluster, which holds %s",
                  verb(access), i, block.rank,
                  content == Content::Unwritten ? "nothing yet"
                  : content == Content::Loading ? "nothing but a TMA load under way"
                                                : "an mbarrier");
  }
  if (access.writes)
    memory.mark(offset, access.bytes, Content::Written, SharedMemory::asynchronous);
}

static void checkGlobal(Worker &worker, const Access &access) {
  const GlobalBuffer *buffer = worker.globalMemory().find(access.address, access.bytes);
  if (buffer) {
    if (access.writes && !buffer->writable)
      worker.fail(access.location, "writes %zu bytes to %s, which is read-only", access.bytes, buffer->name);
    return;
  }
  const Context &context = worker.thread().context;
  size_t inStack = static_cast<const std::byte *>(access.address) - static_cast<const std::byte *>(context.bottom);
  if (inStack < context.size)
    return; // a variable of the thread
  const GlobalBuffer *nearest = worker.globalMemory().nearest(access.address);
  if (!nearest)
    worker.fail(access.location, "%s %zu bytes of global memory, but the launch has no buffers", verb(access),
                access.bytes);
  worker.fail(
      access.location, "%s %zu bytes at byte %lld of %s, which has %zu bytes", verb(access), access.bytes,
      static_cast<long long>(static_cast<const char *>(access.address) - static_cast<const char *>(nearest->begin)),
      nearest->name, nearest->bytes);
}

void checkAccess(Worker &worker, const Access &access) {
  if (reinterpret_cast<uintptr_t>(access.address) & (access.alignment - 1))
    worker.fail(access.location, "%s %zu bytes at an address that is not a multiple of %zu", verb(access), access.bytes,
                access.alignment);
  Block &block = *worker.thread().block;
  size_t offset = static_cast<const std::byte *>(access.address) - block.memory.data();
  if (offset < SharedMemory::stride)
    return checkShared(worker, access, offset);
  if (Block *other = worker.cluster().find(access.address))
    return checkRemote(worker, access, *other);
  if (access.space != 0)
    worker.fail(access.location, "%s %zu bytes at offset %lld from the block's shared memory, which has %zu bytes",
                verb(access), access.bytes, static_cast<long long>(offset), block.memory.size());
  checkGlobal(worker, access);
}

void checkStored(Worker &worker, const void *address, size_t bytes, const char *location) {
  Thread &thread = worker.thread();
  size_t group = thread.number / WarpGroup::threads;
  if (group >= thread.block->groups.size())
    return;
  for (size_t i = 0; i + 4 <= bytes; i += 4) {
    uint32_t bits;
    std::memcpy(&bits, static_cast<const std::byte *>(address) + i, 4);
    if (const char *origin = thread.block->groups[group].originOf(bits))
      worker.fail(location, "uses the result of the ptx.wgmma at %s, which has not been waited for (ptx.wgmma_wait)",
                  origin);
  }
}

size_t sharedOffset(Worker &worker, const void *pointer, const char *location) {
  size_t offset = static_cast<const std::byte *>(pointer) - worker.thread().block->memory.data();
  if (offset >= SharedMemory::stride)
    worker.fail(location, "takes a pointer that does not point to the block's shared memory");
  return offset;
}

} // namespace hadal::emulator
