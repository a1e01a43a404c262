// The team's fork, join and barrier.
#include "runtime/devices/cpu/ThreadTeam.h"

#include "runtime/core/Error.h"
#include "runtime/core/ProcessLimits.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <emmintrin.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace hadal {

using Clock = std::chrono::steady_clock;

// Bounds of the spin in rounds of one pause, 40 to 140 cycles each. Waking a sleeping thread of an idle machine takes
// 15 to 150 microseconds, and so does the longest spin: whatever happens, waiting costs at most about twice what it had
// to. A team that is larger than the number of CPUs never spins longer than the shortest.
static constexpr unsigned mostRounds = 8000, fewestRounds = 64;

/// A sleep that ends sooner has cost more than it has left to others.
static constexpr std::chrono::microseconds shortSleep{250};

/// The bound that this thread has learnt.
static thread_local unsigned learntRounds = mostRounds;

static void requirePinned(int error, unsigned cpu) {
  if (error)
    fail(HADAL_EXIT_INPUT, "--pin: a thread could not be kept on CPU ", cpu, " (", std::strerror(error), ")");
}

ThreadTeam::ThreadTeam(unsigned threads, const std::vector<unsigned> &cpus)
    : count(std::max(1u, threads)), longestSpin(count <= availableCpus() ? mostRounds : fewestRounds) {
  try {
    start(cpus);
  } catch (...) { // there is no destructor to end those that run
    end();
    throw;
  }
}

ThreadTeam::~ThreadTeam() { end(); }

void ThreadTeam::start(const std::vector<unsigned> &cpus) {
  if (!cpus.empty()) {
    ownPlace = CpuSet::of(cpus[0]);
    formerPlace = CpuSet::ofThisThread();
    // Whether it works is better known now than in the first step.
    requirePinned(ownPlace->pin(pthread_self()), cpus[0]);
    formerPlace->pin(pthread_self());
  }
  workers.reserve(count - 1);
  try {
    for (unsigned thread = 1; thread < count; ++thread)
      workers.emplace_back([this, thread] { work(thread); });
  } catch (const std::system_error &error) {
    fail(HADAL_EXIT_INPUT, "only ", workers.size() + 1, " of ", count, " threads could be started (", error.what(),
         "); use a smaller --threads");
  }
  for (unsigned thread = 1; thread < count && !cpus.empty(); ++thread)
    requirePinned(CpuSet::of(cpus[thread]).pin(workers[thread - 1].native_handle()), cpus[thread]);
}

void ThreadTeam::end() {
  stop = true;
  advance(region);
  for (std::thread &worker : workers)
    worker.join();
}

void ThreadTeam::wait(Event &event, uint32_t old) {
  for (unsigned round = 0, rounds = std::min(learntRounds, longestSpin); round < rounds; ++round) {
    if (event.value.load(std::memory_order_acquire) != old)
      return;
    _mm_pause();
  }
  Clock::time_point start = Clock::now();
  // The kernel compares the value once more before it puts the thread to sleep, and whoever advances the value looks at
  // the sleepers afterwards: one of the two sees the other.
  event.sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (event.value.load(std::memory_order_seq_cst) == old)
    syscall(SYS_futex, reinterpret_cast<uint32_t *>(&event.value), FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0);
  event.sleepers.fetch_sub(1, std::memory_order_relaxed);
  bool wasShort = Clock::now() - start < shortSleep;
  learntRounds = wasShort ? std::min(mostRounds, 2 * learntRounds) : std::max(fewestRounds, learntRounds / 2);
}

void ThreadTeam::advance(Event &event) {
  event.value.fetch_add(1, std::memory_order_seq_cst);
  if (event.sleepers.load(std::memory_order_seq_cst))
    syscall(SYS_futex, reinterpret_cast<uint32_t *>(&event.value), FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

/// Keeps an exception for `run`, which throws it on the caller: one that left a helper would end the process.
void ThreadTeam::attempt(Body action, void *actionContext, unsigned thread) {
  try {
    action(actionContext, thread);
  } catch (...) {
    std::lock_guard lock(failureMutex);
    if (!failure)
      failure = std::current_exception();
    hasFailed.store(true, std::memory_order_release);
  }
}

bool ThreadTeam::barrier(unsigned thread, Completion completion, void *completionContext) {
  meet(thread, completion, completionContext);
  return !hasFailed.load(std::memory_order_acquire);
}

void ThreadTeam::meet(unsigned thread, Completion completion, void *completionContext) {
  uint32_t old = phase.value.load(std::memory_order_relaxed); // cannot advance before this thread arrives
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 < count)
    return wait(phase, old);
  arrived.store(0, std::memory_order_relaxed);
  if (completion)
    attempt(completion, completionContext, thread);
  advance(phase);
}

void ThreadTeam::work(unsigned thread) {
  for (uint32_t seen = 0;; ++seen) {
    wait(region, seen);
    if (stop)
      return;
    attempt(body, context, thread);
    meet(thread, nullptr, nullptr);
  }
}

/// The caller's part of a region. A caller that stayed pinned would hand its one CPU on to every thread that it starts.
void ThreadTeam::runRegion() {
  if (ownPlace) {
    formerPlace->readThisThread();
    ownPlace->pin(pthread_self());
  }
  if (count > 1)
    advance(region);
  attempt(body, context, 0);
  meet(0, nullptr, nullptr);
  if (ownPlace)
    formerPlace->pin(pthread_self());
}

void ThreadTeam::run(Body newBody, void *newContext) {
  body = newBody;
  context = newContext;
  runRegion();
  if (!hasFailed)
    return;
  hasFailed = false;
  std::rethrow_exception(std::exchange(failure, nullptr));
}

} // namespace hadal
