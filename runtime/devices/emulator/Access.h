// Checks of ordinary loads and stores.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_ACCESS_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_ACCESS_H

#include <cstddef>
#include <cstdint>

namespace hadal::emulator {

class Worker;

/// One access of the running thread.
struct Access {
  const void *address;
  size_t bytes;
  size_t alignment;
  /// LLVM's address space of the pointer: 0 generic, 3 shared memory, 7 that of the cluster.
  uint32_t space;
  bool writes;
  const char *location;
};

/// A fault unless the access may be made; notes what is written.
void checkAccess(Worker &worker, const Access &access);

/// A fault when one of `bytes / 4` numbers that were stored was computed from a product that was not waited for.
void checkStored(Worker &worker, const void *address, size_t bytes, const char *location);

/// The offset of a pointer into the running block's shared memory; a fault for any other.
size_t sharedOffset(Worker &worker, const void *pointer, const char *location);

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_ACCESS_H
