// When the commands of one step ran, on which thread. The recorder claims its memory before the step; recording is two
// stores. io/ChromeTrace writes it to a file.
#ifndef HADAL_RUNTIME_CORE_COMMANDRECORDER_H
#define HADAL_RUNTIME_CORE_COMMANDRECORDER_H

#include "hadal/program.h"

#include <chrono>
#include <cstdint>
#include <vector>

namespace hadal {

struct CommandRecord {
  const hadal_entry *entry;
  uint64_t command;
  int64_t begin; // nanoseconds of a monotonic clock
  int64_t end;
};

class CommandRecorder {
public:
  /// Room for `capacity` records of each of `threads` threads; further ones are dropped.
  CommandRecorder(unsigned threads, uint64_t capacity) : capacity(capacity), records(threads) {
    for (std::vector<CommandRecord> &list : records)
      list.reserve(capacity);
  }

  static int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

  void record(unsigned thread, const CommandRecord &command) {
    if (records[thread].size() < capacity)
      records[thread].push_back(command);
  }

  const std::vector<std::vector<CommandRecord>> &threads() const { return records; }

private:
  uint64_t capacity;
  std::vector<std::vector<CommandRecord>> records;
};

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_COMMANDRECORDER_H
