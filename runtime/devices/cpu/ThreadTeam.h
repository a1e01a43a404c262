// A small team of threads that lives as long as the program. The caller is thread 0 and works too. A step is one long
// region: the team walks the launches of an entry point together and meets at a barrier after each.
//
// Waiting is in two stages. A thread first spins, because the next launch is usually a fraction of a microsecond away;
// after a bounded number of rounds it sleeps on a futex, so that a team larger than the number of free CPUs, or one
// that waits for a checkpoint to be written, leaves the CPU to those who have work. Each thread learns how long to
// spin: the bound doubles when a sleep was so short that spinning would have been better, and halves when it was long,
// since on a machine that is busy with something else the thread it waits for may need this very CPU.
#ifndef HADAL_RUNTIME_DEVICES_CPU_THREADTEAM_H
#define HADAL_RUNTIME_DEVICES_CPU_THREADTEAM_H

#include "runtime/core/CpuSet.h"

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace hadal {

class ThreadTeam {
public:
  /// What the threads of a region do; `thread` counts from 0.
  using Body = void (*)(void *context, unsigned thread);
  /// What the last thread to reach a barrier does before it opens.
  using Completion = void (*)(void *context, unsigned thread);

  /// `cpus`: the CPU that each thread stays on while it works, or none. The caller is where it was before and after.
  explicit ThreadTeam(unsigned threads, const std::vector<unsigned> &cpus = {});
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam &) = delete;
  ThreadTeam &operator=(const ThreadTeam &) = delete;

  unsigned size() const { return count; }

  /// Runs `body` once on every thread and returns when all of them have finished. An exception of any of them is thrown
  /// on the caller, the first of several. A body with barriers may throw in their completions only: the others would
  /// wait for it otherwise.
  void run(Body body, void *context);

  /// Called by every thread of a running region: returns once all have called it and `completion` has run. When that
  /// has thrown, it returns false and the body has to end.
  [[nodiscard]] bool barrier(unsigned thread, Completion completion, void *context);

private:
  /// A counter that threads wait on: it lies on a cache line of its own together with the number of sleepers.
  struct alignas(64) Event {
    std::atomic<uint32_t> value{0};
    std::atomic<uint32_t> sleepers{0};
  };

  unsigned count;
  unsigned longestSpin;
  Event region; // counts the regions that began
  Event phase;  // counts the barriers that opened
  alignas(64) std::atomic<uint32_t> arrived{0};
  Body body = nullptr;
  void *context = nullptr;
  bool stop = false;
  std::mutex failureMutex;
  std::exception_ptr failure;          // of this region
  std::atomic<bool> hasFailed = false; // the same, to be looked at by every thread
  std::vector<std::thread> workers;
  /// Where the caller works, when it is pinned, and where it was before.
  std::optional<CpuSet> ownPlace, formerPlace;

  void start(const std::vector<unsigned> &cpus);
  void end();
  void runRegion();
  void work(unsigned thread);
  void meet(unsigned thread, Completion completion, void *completionContext);
  void attempt(Body action, void *actionContext, unsigned thread);
  void wait(Event &event, uint32_t old);
  static void advance(Event &event);
};

} // namespace hadal

#endif // HADAL_RUNTIME_DEVICES_CPU_THREADTEAM_H
