// Issue and completion of TMA operations.
#include "runtime/devices/emulator/TMA.h"

#include "runtime/devices/emulator/AsynchronousRead.h"
#include "runtime/devices/emulator/Worker.h"

#include <algorithm>
#include <cstring>

namespace hadal::emulator {

/// The box, checked against its map and the shared memory.
static TensorBox makeBox(Worker &worker, const void *pointer, uint32_t rank, const int32_t coordinates[5],
                         size_t shared, const char *location) {
  const TensorMap *map = static_cast<const TensorMap *>(pointer);
  std::span<const TensorMap> maps = worker.launch().mapValues;
  if (map < maps.data() || map >= maps.data() + maps.size())
    worker.fail(location, "takes a tensor map that is no parameter of the kernel");
  if (map->rank != rank)
    worker.fail(location, "gives %u coordinates for a tensor map of rank %u", rank, map->rank);
  TensorBox box{map, {}};
  std::copy_n(coordinates, 5, box.coordinates);
  const SharedMemory &memory = worker.thread().block->memory;
  if (shared % 128)
    worker.fail(location, "shared memory offset %zu of the box is not a multiple of 128", shared);
  if (!memory.contains(shared, box.bytes()))
    worker.fail(location, "the box has %zu bytes at shared memory offset %zu, but the block has %zu bytes of it",
                box.bytes(), shared, memory.size());
  return box;
}

static void checkGlobal(Worker &worker, const TensorMap &map, bool writes, const char *location) {
  const GlobalBuffer *buffer = worker.globalMemory().find(map.data, extent(map));
  if (!buffer)
    worker.fail(location, "the tensor of the tensor map (%zu bytes) does not lie within one buffer of the launch",
                extent(map));
  if (writes && !buffer->writable)
    worker.fail(location, "writes to %s, which is read-only", buffer->name);
}

void loadBox(Worker &worker, size_t destination, const void *map, size_t barrier, uint32_t rank,
             const int32_t coordinates[5], uint32_t multicast, const char *location) {
  TensorBox box = makeBox(worker, map, rank, coordinates, destination, location);
  checkGlobal(worker, *box.map, /*writes=*/false, location);
  std::vector<std::unique_ptr<Block>> &blocks = worker.cluster().blocks;
  if (multicast == 0)
    multicast = 1u << worker.thread().block->rank;
  if (multicast >> blocks.size())
    worker.fail(location, "multicasts to blocks 0x%x, but the cluster has %zu", multicast, blocks.size());
  for (std::unique_ptr<Block> &block : blocks) {
    if (!(multicast >> block->rank & 1))
      continue;
    MBarrier &mbarrier = block->mbarriers.at(worker, barrier, location);
    if (!mbarrier.fenced)
      worker.fail(location,
                  "the mbarrier at shared memory offset %zu has not been made known to TMA: "
                  "ptx.fence_mbarrier_init is missing after its initialization",
                  barrier);
    for (size_t i = destination; i < destination + box.bytes(); ++i) {
      Content content = block->memory.shadow(i).content();
      if (content == Content::Loading)
        worker.fail(location, "loads into shared memory offset %zu, where another TMA load is under way", i);
      if (content == Content::Barrier)
        worker.fail(location, "loads into shared memory offset %zu, which holds an mbarrier", i);
    }
    block->memory.mark(destination, box.bytes(), Content::Loading, SharedMemory::asynchronous);
    block->mbarriers.load(worker, mbarrier, {box, destination, location});
  }
}

void storeBox(Worker &worker, const void *map, size_t source, uint32_t rank, const int32_t coordinates[5],
              const char *location) {
  TensorBox box = makeBox(worker, map, rank, coordinates, source, location);
  checkGlobal(worker, *box.map, /*writes=*/true, location);
  Thread &thread = worker.thread();
  SharedMemory &memory = thread.block->memory;
  checkBeforeRead(worker, memory, source, box.bytes(), {thread.lastMeeting, thread.number, 1, "the store", location});
  thread.stores.pending.push_back({box, source, memory.beginMoment(), thread.stores.groups, location, {}, false});
}

void commitStores(Worker &worker) { ++worker.thread().stores.groups; }

static void readSource(Worker &worker, TMAStore &store, const char *location) {
  SharedMemory &memory = worker.thread().block->memory;
  size_t bytes = store.box.bytes();
  checkUnchanged(worker, memory, store.source, bytes, store.issued, "the source", store.location, location);
  // The swizzle is one of addresses, so what is kept begins at a multiple of its period.
  size_t begin = store.source & ~size_t(1023);
  store.data.assign(memory.data() + begin, memory.data() + store.source + bytes);
  store.hasRead = true;
}

void waitForStores(Worker &worker, uint32_t pending, bool readOnly, const char *location) {
  TMAStores &stores = worker.thread().stores;
  uint32_t finished = stores.groups > pending ? stores.groups - pending : 0;
  worker.waitUntilIdle(location);
  for (TMAStore &store : stores.pending) {
    if (store.group >= finished)
      continue;
    if (!store.hasRead)
      readSource(worker, store, location);
    if (!readOnly)
      store.box.store(store.data.data(), store.source & 1023);
  }
  if (!readOnly)
    std::erase_if(stores.pending, [&](const TMAStore &store) { return store.group < finished; });
}

void finishThread(Worker &worker) {
  Thread &thread = worker.thread();
  for (TMAStore &store : thread.stores.pending) {
    if (!store.hasRead)
      worker.fail(store.location,
                  "the thread ended without having waited (ptx.tma_wait) for this store to read shared memory");
    store.box.store(store.data.data(), store.source & 1023);
  }
  thread.stores.clear();
  if (thread.number % 128 == 0 && thread.number / 128 < thread.block->groups.size())
    if (const char *location = thread.block->groups[thread.number / 128].unfinished())
      worker.fail(location, "the thread ended without having waited (ptx.wgmma_wait) for this product");
}

} // namespace hadal::emulator
