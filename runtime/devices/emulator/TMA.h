// TMA: loads and stores of boxes, for the running CUDA thread.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_TMA_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_TMA_H

#include <cstddef>
#include <cstdint>

namespace hadal::emulator {

class Worker;

/// Loads a box to an offset of the shared memory of the running block, or with a nonzero mask of those blocks of the
/// cluster; completes on the mbarrier at the same offset in each.
void loadBox(Worker &worker, size_t destination, const void *map, size_t barrier, uint32_t rank,
             const int32_t coordinates[5], uint32_t multicast, const char *location);
void storeBox(Worker &worker, const void *map, size_t source, uint32_t rank, const int32_t coordinates[5],
              const char *location);
void commitStores(Worker &worker);
/// Waits until at most `pending` groups are under way, or with `readOnly` still have to read shared memory.
void waitForStores(Worker &worker, uint32_t pending, bool readOnly, const char *location);

/// What the end of a thread demands: nothing that reads shared memory may be under way. Completes its stores.
void finishThread(Worker &worker);

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_TMA_H
