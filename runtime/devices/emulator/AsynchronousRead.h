// What TMA stores and wgmma demand of the shared memory that they read: when they are issued it must hold data that is
// theirs to see, and until they have been waited for nobody may touch it.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_ASYNCHRONOUSREAD_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_ASYNCHRONOUSREAD_H

#include "runtime/devices/emulator/SharedMemory.h"

namespace hadal::emulator {

class Worker;

/// Who reads.
struct AsynchronousReader {
  /// When the threads that issue it last met others.
  Time lastMeeting;
  /// The threads that issue it, [first, first + count): their own writes need no meeting.
  uint32_t firstThread, threads;
  /// "operand A", "the source".
  const char *what;
  const char *location;
};

/// At the issue: a fault unless all bytes hold data that the reader may see.
void checkBeforeRead(Worker &worker, const SharedMemory &memory, size_t offset, size_t length,
                     const AsynchronousReader &reader);

/// At the wait: a fault when one of the bytes has changed since the issue.
void checkUnchanged(Worker &worker, const SharedMemory &memory, size_t offset, size_t length, Time issued,
                    const char *what, const char *issueLocation, const char *location);

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_ASYNCHRONOUSREAD_H
