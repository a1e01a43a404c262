// The TMA stores that a thread has issued and not yet waited for. A store reads shared memory when its group is waited
// for (or the thread ends) and not before: a tile that is overwritten too early shows. It writes global memory when the
// whole store is waited for.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_TMASTORES_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_TMASTORES_H

#include "runtime/devices/emulator/SharedMemory.h"
#include "runtime/devices/emulator/TensorBox.h"

#include <vector>

namespace hadal::emulator {

struct TMAStore {
  TensorBox box;
  size_t source = 0;
  /// When it was issued: what is written to its source later came too early.
  Time issued = 0;
  uint32_t group = 0;
  const char *location = nullptr;
  /// What it has read.
  std::vector<std::byte> data;
  bool hasRead = false;
};

struct TMAStores {
  std::vector<TMAStore> pending;
  /// Groups closed so far; the number of the open one.
  uint32_t groups = 0;

  void clear() {
    pending.clear();
    groups = 0;
  }
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_TMASTORES_H
