// Placement of a program's memory and execution of its launches on the CPU.
//
// All persistent tensors lie in one mapping, the arena in a second, the threads' scratch memory in a third. Addresses
// are resolved once. A run is one region of the thread team: for every launch each thread takes chunks of `grain` tasks
// from a shared counter until none is left, and the barrier behind it sets the counter back. Which thread runs which
// task is left to chance; since tasks are independent, the result is not.
#include "runtime/devices/cpu/CpuDevice.h"

#include "runtime/core/Error.h"
#include "runtime/core/MemoryNeeds.h"
#include "runtime/core/ProcessLimits.h"
#include "runtime/devices/cpu/Features.h"

#include <algorithm>
#include <cstring>

namespace hadal {

static constexpr uint64_t alignment = 64;
static uint64_t alignUp(uint64_t value) { return (value + alignment - 1) / alignment * alignment; }

/// The threads to use, after the check that this CPU can run the program's code at all.
static unsigned admit(const Program &program, const DeviceOptions &options) {
  requireFeatures(program->cpu_features, program->cpu, thisCpu());
  return options.threads ? options.threads : availableCpus();
}

/// Foresees memory that does not suffice: the machine would otherwise end the program without a word in its first step.
static MemoryNeeds foresee(const Program &program, unsigned threads, const AvailableMemory &available) {
  MemoryNeeds needs(program, alignment, threads);
  needs.require(available, "");
  return needs;
}

CpuDevice::CpuDevice(const Program &program, const DeviceOptions &options)
    : CpuDevice(program, admit(program, options), availableMemory()) {}

CpuDevice::CpuDevice(const Program &program, unsigned threads, const AvailableMemory &memory)
    : program(program), needed(foresee(program, threads, memory).total()), available(memory.bytes), team(threads) {
  if (program->check_memory)
    checker = std::make_unique<MemoryChecker>(program, team.size());
  else
    arenaMemory = Mapping(program->arena_size, "the arena");
  placeTensors();
  placeScratch();
  resolveArguments();
}

CpuDevice::~CpuDevice() = default;

void CpuDevice::placeTensors() {
  if (checker) {
    for (uint32_t i = 0; i < program->tensor_count; ++i)
      tensorAddresses.push_back(checker->tensor(i));
    return;
  }
  uint64_t size = 0;
  for (const hadal_tensor &tensor : program.tensors())
    size += alignUp(byteSize(tensor));
  tensorMemory = Mapping(size, "parameters, gradients and optimizer state");
  std::byte *next = tensorMemory.data();
  for (const hadal_tensor &tensor : program.tensors()) {
    tensorAddresses.push_back(next);
    next += alignUp(byteSize(tensor));
  }
}

void CpuDevice::placeScratch() {
  uint64_t size = alignUp(program->scratch_size);
  if (!checker)
    scratchMemory = Mapping(size * team.size(), "the threads' scratch memory");
  for (unsigned thread = 0; thread < team.size(); ++thread)
    scratchAddresses.push_back(checker ? checker->scratch(thread) : scratchMemory.data() + thread * size);
}

void CpuDevice::resolveArguments() {
  for (uint32_t e = 0; e < program->entry_count; ++e) {
    const hadal_entry &entry = program.entries()[e];
    std::vector<void *> &addresses = argumentAddresses.emplace_back();
    for (uint64_t i = 0; i < entry.argument_count; ++i) {
      const hadal_argument &argument = entry.arguments[i];
      if (argument.kind == HADAL_ARGUMENT_TENSOR)
        addresses.push_back(tensorAddresses[argument.index]);
      else if (checker)
        addresses.push_back(checker->arena(e, argument.index));
      else
        addresses.push_back(arenaMemory.data() + entry.arena_buffers[argument.index].offset);
    }
  }
}

std::string CpuDevice::describe() const {
  std::string features = program->cpu_features;
  return concat("cpu ", program->cpu, features.empty() ? "" : " (" + features + ")", ", ", team.size(),
                team.size() == 1 ? " thread" : " threads");
}

void CpuDevice::upload(uint32_t tensor, uint64_t offset, std::span<const std::byte> source) {
  std::memcpy(tensorAddresses[tensor] + offset, source.data(), source.size());
}

void CpuDevice::download(uint32_t tensor, uint64_t offset, std::span<std::byte> destination) const {
  std::memcpy(destination.data(), tensorAddresses[tensor] + offset, destination.size());
}

void CpuDevice::downloadArgument(uint32_t entry, uint64_t argument, std::span<std::byte> destination) const {
  std::memcpy(destination.data(), argumentAddresses[entry][argument], destination.size());
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

/// One run of an entry point, shared by the threads of the team.
struct CpuDevice::Execution {
  CpuDevice &device;
  uint32_t entryIndex;
  const hadal_entry &entry;
  LaunchRecorder *recorder;
  uint64_t launch = 0; // the one that the team is in; changes only while all threads but one wait at a barrier
  alignas(64) std::atomic<int64_t> nextTask{0};

  static void runThread(void *context, unsigned thread);
  static void finishLaunch(void *context, unsigned thread);
  void beginLaunch();
  void endLaunch();
  void runSingleChunks(unsigned thread);
  void runChunks(unsigned thread);
};

void CpuDevice::Execution::beginLaunch() {
  if (device.checker && launch < entry.launch_count)
    device.checker->beforeLaunch(entryIndex, launch);
}

void CpuDevice::Execution::endLaunch() {
  if (device.checker)
    device.checker->afterLaunch(entryIndex, launch);
  nextTask.store(0, std::memory_order_relaxed);
  ++launch;
}

/// Takes chunks of the current launch until none is left.
void CpuDevice::Execution::runChunks(unsigned thread) {
  const hadal_launch &current = entry.launches[launch];
  void *const *arguments = device.argumentAddresses[entryIndex].data() + current.first_argument;
  void *scratch = device.scratchAddresses[thread];
  int64_t begin = recorder ? LaunchRecorder::now() : 0;
  bool worked = false;
  for (int64_t first; (first = nextTask.fetch_add(current.grain, std::memory_order_relaxed)) < current.tasks;) {
    int64_t end = current.tasks - first < current.grain ? current.tasks : first + current.grain;
    current.function(arguments, current.iteration, first, end, scratch);
    worked = true;
  }
  if (recorder && worked)
    recorder->record(thread, {&entry, launch, begin, LaunchRecorder::now()});
}

/// Begins the next launch; as long as it is a single chunk, runs it here.
void CpuDevice::Execution::runSingleChunks(unsigned thread) {
  for (beginLaunch(); launch < entry.launch_count; beginLaunch()) {
    const hadal_launch &current = entry.launches[launch];
    if (current.tasks > current.grain)
      return;
    runChunks(thread);
    endLaunch();
  }
}

void CpuDevice::Execution::finishLaunch(void *context, unsigned thread) {
  Execution &self = *static_cast<Execution *>(context);
  self.endLaunch();
  self.runSingleChunks(thread);
}

void CpuDevice::Execution::runThread(void *context, unsigned thread) {
  Execution &self = *static_cast<Execution *>(context);
  while (self.launch < self.entry.launch_count) {
    self.runChunks(thread);
    if (!self.device.team.barrier(thread, finishLaunch, &self))
      return;
  }
}

void CpuDevice::run(uint32_t entry, LaunchRecorder *recorder) {
  Execution execution{*this, entry, program.entries()[entry], recorder};
  execution.runSingleChunks(0);
  if (execution.launch < execution.entry.launch_count)
    team.run(Execution::runThread, &execution);
}

} // namespace hadal
