// One thread of the operating system that emulates: it takes cluster after cluster and switches between their CUDA
// threads. A CUDA thread runs until it has to wait; then the next one that is ready goes on. When none is ready, the
// ones that poll an mbarrier are told "not yet"; when that changes nothing, the kernel is deadlocked.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_WORKER_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_WORKER_H

#include "runtime/devices/emulator/Cluster.h"
#include "runtime/devices/emulator/Emulator.h"
#include "runtime/devices/emulator/GlobalMemory.h"

#include <random>
#include <string>
#include <vector>

namespace hadal::emulator {

/// A launch, as all workers see it.
struct Launch {
  KernelFunction function;
  const LaunchConfiguration &configuration;
  void *const *arguments;
  int64_t iteration;
  const void *const *maps;
  std::span<const TensorMap> mapValues;
};

class Worker {
public:
  Worker() = default;
  Worker(const Worker &) = delete;
  Worker &operator=(const Worker &) = delete;

  /// Runs one cluster to its end; false after a fault.
  bool run(const Launch &launch, int64_t cluster);
  /// What ended the last cluster; empty when it ran to its end.
  const std::string &fault() const { return message; }
  void clearFault() { message.clear(); }

  /// The worker whose kernel runs on this thread of the operating system.
  static Worker &active() { return *current; }

  // From here on: for the running CUDA thread.
  Thread &thread() { return *running; }
  GlobalMemory &globalMemory() { return memory; }
  Cluster &cluster() { return blocks; }
  const Launch &launch() const { return *activeLaunch; }

  /// Suspends the running thread until somebody wakes it.
  void wait(Wait reason, const char *location, uint32_t waitedFor = 0, uint32_t parity = 0);
  void wake(Thread &thread, uint64_t result = 0);
  /// Suspends the running thread until no other one can go on: what happens then happens as late as it may.
  void waitUntilIdle(const char *location);
  size_t unfinishedThreads() const { return unfinished; }
  /// Something happened that polling threads may have waited for.
  void progress() { ++events; }

  /// Ends the kernel with a message about the running thread; the format is printf's.
  [[noreturn]] void fail(const char *location, const char *format, ...) __attribute__((format(printf, 3, 4)));

private:
  static thread_local Worker *current __attribute__((tls_model("initial-exec")));

  StackPool stacks;
  Cluster blocks;
  GlobalMemory memory;
  const Launch *activeLaunch = nullptr;
  Context root;
  Thread *running = nullptr;
  std::vector<Thread *> ready;
  size_t nextReady = 0, unfinished = 0;
  /// Those that wait until no other thread is ready.
  WaitingThreads idle;
  std::mt19937_64 random;
  uint64_t events = 0;
  std::string message;

  void start();
  bool runUntilFinished();
  Thread *takeReady();
  void leave(bool finished);
  void finish();
  void reportDeadlock();
  static void enter();
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_WORKER_H
