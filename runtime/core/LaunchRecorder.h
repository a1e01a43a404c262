// When the kernels of one step ran, on which thread. The recorder claims its memory before the step; recording is two
// stores. io/ChromeTrace writes it to a file.
#ifndef HADAL_RUNTIME_CORE_LAUNCHRECORDER_H
#define HADAL_RUNTIME_CORE_LAUNCHRECORDER_H

#include "hadal/program.h"

#include <chrono>
#include <cstdint>
#include <vector>

namespace hadal {

struct LaunchRecord {
  const hadal_entry *entry;
  uint64_t launch;
  int64_t begin; // nanoseconds of a monotonic clock
  int64_t end;
};

class LaunchRecorder {
public:
  /// Room for `capacity` records of each of `threads` threads; further ones are dropped.
  LaunchRecorder(unsigned threads, uint64_t capacity) : capacity(capacity), records(threads) {
    for (std::vector<LaunchRecord> &list : records)
      list.reserve(capacity);
  }

  static int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

  void record(unsigned thread, const LaunchRecord &launch) {
    if (records[thread].size() < capacity)
      records[thread].push_back(launch);
  }

  const std::vector<std::vector<LaunchRecord>> &threads() const { return records; }

private:
  uint64_t capacity;
  std::vector<std::vector<LaunchRecord>> records;
};

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_LAUNCHRECORDER_H
