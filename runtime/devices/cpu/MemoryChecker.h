// The memory of a program built with --check-memory. AddressSanitizer does not see generated kernels, so every tensor
// and every arena buffer gets a mapping of its own between guard pages. An arena buffer is poisoned when its lifetime
// begins and inaccessible outside it; a result is poisoned when a run begins that writes it; the threads' scratch
// memory is poisoned before every command. A kernel that goes astray faults; the signal handler names the kernel, the
// command and the buffer, and ends the program with HADAL_EXIT_MEMORY_VIOLATION.
#ifndef HADAL_RUNTIME_DEVICES_CPU_MEMORYCHECKER_H
#define HADAL_RUNTIME_DEVICES_CPU_MEMORYCHECKER_H

#include "runtime/core/Memory.h"
#include "runtime/core/Program.h"

#include <vector>

namespace hadal {

class MemoryChecker {
public:
  /// Installs the signal handler; only one checker may exist at a time.
  MemoryChecker(const Program &program, unsigned threads);
  ~MemoryChecker();
  MemoryChecker(const MemoryChecker &) = delete;
  MemoryChecker &operator=(const MemoryChecker &) = delete;

  std::byte *tensor(uint32_t index) const { return tensors[index].data(); }
  std::byte *arena(uint32_t entry, uint32_t buffer) const { return arenas[entry][buffer].data(); }
  std::byte *scratch(unsigned thread) const { return scratches[thread].data(); }

  /// Called by one thread while no kernel runs.
  void beforeCommand(uint32_t entry, uint64_t command);
  void afterCommand(uint32_t entry, uint64_t command);

  /// Describes a faulting address into `text` without allocating: it runs in a signal handler.
  void describe(const void *address, char *text, size_t size) const;

private:
  /// Which buffers begin and end their lives at a command, so that a command costs what changes and not all buffers.
  struct Lifetimes {
    std::vector<std::vector<uint32_t>> beginning, ending;
  };

  const Program &program;
  std::vector<GuardedMapping> tensors;
  std::vector<GuardedMapping> scratches;
  std::vector<std::vector<GuardedMapping>> arenas;
  std::vector<Lifetimes> lifetimes;
  uint32_t currentEntry = 0;
  uint64_t currentCommand = 0;
  bool running = false;

  void describeCurrent(char *text, size_t size) const;
  void poisonResults(uint32_t entry);
  void checkSlack() const;
  [[noreturn]] void reportUnderrun(const char *what) const;
};

} // namespace hadal

#endif // HADAL_RUNTIME_DEVICES_CPU_MEMORYCHECKER_H
