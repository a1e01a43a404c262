// Switching between the CUDA threads of a cluster, and what is said when they cannot go on.
#include "runtime/devices/emulator/Worker.h"

#include "runtime/core/Error.h"
#include "runtime/devices/emulator/TMA.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <map>
#include <tuple>

namespace hadal::emulator {

thread_local Worker *Worker::current = nullptr;

bool Worker::run(const Launch &launch, int64_t cluster) {
  current = this;
  activeLaunch = &launch;
  message.clear();
  random.seed(launch.configuration.order + cluster);
  bool finished = false;
  try {
    memory.reset(launch.configuration.buffers);
    blocks.reset(launch.configuration, cluster);
    start();
    finished = runUntilFinished();
  } catch (const std::exception &error) { // no memory for stacks: nothing may be thrown through the team
    message = concat("kernel '", launch.configuration.name, "' cannot be emulated: ", error.what());
  }
  current = nullptr;
  return finished;
}

/// Makes every CUDA thread of the cluster ready to begin.
void Worker::start() {
  ready.clear();
  nextReady = 0;
  idle = WaitingThreads();
  size_t index = 0;
  for (std::unique_ptr<Block> &block : blocks.blocks)
    for (size_t number = 0; number < block->threads.size(); ++number, ++index) {
      Thread &thread = block->threads[number];
      std::vector<TMAStore> stores = std::move(thread.stores.pending); // keeps its memory
      thread = Thread();
      stores.clear();
      thread.stores.pending = std::move(stores);
      thread.block = block.get();
      thread.number = static_cast<uint32_t>(number);
      prepareContext(thread.context, stacks.bottom(index), StackPool::usableBytes(index), &Worker::enter);
      ready.push_back(&thread);
    }
  unfinished = index;
}

/// The first function on a CUDA thread's stack.
void Worker::enter() {
  enterContext();
  Worker &worker = active();
  const Launch &launch = *worker.activeLaunch;
  launch.function(launch.arguments, launch.iteration, launch.maps);
  active().finish();
}

void Worker::finish() {
  finishThread(*this);
  running->state = Thread::State::Finished;
  --unfinished;
  progress();
  blocks.barrier.check(*this);
  leave(/*finished=*/true);
}

Thread *Worker::takeReady() {
  if (nextReady == ready.size())
    return nullptr;
  if (activeLaunch->configuration.order)
    std::swap(ready[nextReady], ready[nextReady + random() % (ready.size() - nextReady)]);
  Thread *next = ready[nextReady++];
  if (nextReady == ready.size()) {
    ready.clear();
    nextReady = 0;
  } else if (nextReady >= 4096) {
    ready.erase(ready.begin(), ready.begin() + nextReady);
    nextReady = 0;
  }
  return next;
}

/// Goes on with the next thread that is ready, or with the scheduler when there is none.
void Worker::leave(bool finished) {
  Thread *left = running;
  running = takeReady();
  if (running == left)
    return;
  switchContext(left->context, running ? running->context : root, finished);
}

void Worker::wait(Wait reason, const char *location, uint32_t waitedFor, uint32_t parity) {
  Thread &self = *running;
  self.state = Thread::State::Waiting;
  self.wait = reason;
  self.waitedFor = waitedFor;
  self.parity = parity;
  self.location = location;
  leave(/*finished=*/false);
}

void Worker::waitUntilIdle(const char *location) {
  idle.add(*running);
  wait(Wait::Idle, location);
}

void Worker::wake(Thread &thread, uint64_t result) {
  thread.state = Thread::State::Ready;
  thread.result = result;
  ready.push_back(&thread);
}

/// The scheduler: comes to its turn when no thread is ready.
bool Worker::runUntilFinished() {
  uint64_t eventsAtPoll = ~uint64_t(0);
  while (unfinished > 0) {
    if ((running = takeReady())) {
      switchContext(root, running->context);
      if (!message.empty())
        return false;
      continue;
    }
    if (Thread *thread = idle.take()) {
      wake(*thread);
      continue;
    }
    bool polling = false;
    if (events != eventsAtPoll)
      for (std::unique_ptr<Block> &block : blocks.blocks)
        polling |= block->mbarriers.wakePolling(*this);
    eventsAtPoll = events;
    if (!polling) {
      reportDeadlock();
      return false;
    }
  }
  for (std::unique_ptr<Block> &block : blocks.blocks)
    if (const TMALoad *load = block->mbarriers.unfinishedLoad()) {
      message = concat("kernel '", activeLaunch->configuration.name, "', block ", block->number, ", ", load->location,
                       ": the block ended without having waited for this TMA load");
      return false;
    }
  return true;
}

void Worker::fail(const char *location, const char *format, ...) {
  char text[1024];
  int length =
      std::snprintf(text, sizeof text, "kernel '%s', block %lld, thread %u, %s: ", activeLaunch->configuration.name,
                    static_cast<long long>(running->block->number), running->number, location);
  length = std::min<int>(length, sizeof text - 1);
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text + length, sizeof text - length, format, arguments);
  va_end(arguments);
  message = text;
  // The stacks of the cluster's threads are given up as they are.
  switchContext(running->context, root, /*finished=*/true);
  __builtin_unreachable();
}

/// What a thread waits for, in words.
static std::string describeWait(Worker &worker, const Thread &thread) {
  Block &block = *thread.block;
  switch (thread.wait) {
  case Wait::Barrier:
    return concat("for barrier ", thread.waitedFor, " (", block.barriers.arrived(thread.waitedFor), " of ",
                  block.barriers.expected(thread.waitedFor), " threads arrived)");
  case Wait::Warp:
    return concat("for the other lanes of warp ", thread.warp(), " (",
                  __builtin_popcount(block.warps[thread.warp()].arrived()), " of 32 are there)");
  case Wait::WarpGroup:
    return concat("for the other threads of warp group ", thread.number / 128, " (",
                  block.groups[thread.number / 128].arrived(), " of 128 are there)");
  case Wait::MBarrier: {
    const MBarrier &barrier = *block.mbarriers.find(thread.waitedFor);
    return concat("for parity ", thread.parity, " of the mbarrier at shared memory offset ", barrier.offset, " (phase ",
                  barrier.phase, " misses ", barrier.pending, " of ", barrier.count, " arrivals and ",
                  barrier.bytes - barrier.loading, " bytes)");
  }
  case Wait::Idle:
    return "for nothing";
  case Wait::Cluster:
    return concat("for the cluster's barrier (", worker.cluster().barrier.arrived(), " threads arrived)");
  }
  return {};
}

/// "threads 0-31, 64": of numbers in rising order.
static std::string describeNumbers(const std::vector<uint32_t> &numbers) {
  std::string text = numbers.size() == 1 ? "thread " : "threads ";
  for (size_t i = 0; i < numbers.size();) {
    size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1)
      ++end;
    text += concat(i ? ", " : "", numbers[i]);
    if (end - i > 1)
      text += concat("-", numbers[end - 1]);
    i = end;
  }
  return text;
}

void Worker::reportDeadlock() {
  // Threads that wait for the same at the same place are named together.
  std::map<std::tuple<int64_t, std::string, std::string>, std::vector<uint32_t>> places;
  for (std::unique_ptr<Block> &block : blocks.blocks)
    for (const Thread &thread : block->threads)
      if (thread.state == Thread::State::Waiting)
        places[{block->number, thread.location, describeWait(*this, thread)}].push_back(thread.number);
  message = concat("kernel '", activeLaunch->configuration.name, "' is deadlocked:");
  size_t told = 0;
  for (const auto &[place, numbers] : places) {
    if (++told > 8) {
      message += concat("; and ", places.size() - 8, " more places");
      break;
    }
    const auto &[block, location, wait] = place;
    message +=
        concat(told > 1 ? "; " : " ", "block ", block, " ", describeNumbers(numbers), " at ", location, " wait ", wait);
  }
}

} // namespace hadal::emulator
