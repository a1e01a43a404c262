// Placement of a program's memory and execution of its commands on the CPU.
//
// All persistent tensors lie in one mapping, the arena in a second, the threads' scratch memory in a third. Addresses
// are resolved once. A run is one region of the thread team: for every command each thread takes chunks of `grain`
// tasks from a shared counter until none is left, those of its group first (TeamPlan.h), and behind the barrier the
// counters begin anew. Which thread runs which task is left to chance; since tasks are independent, the result is not.
// Copies and fills are cut into tasks of some memory each, and run like kernels.
#include "runtime/devices/cpu/CpuDevice.h"

#include "runtime/core/Commands.h"
#include "runtime/core/Error.h"
#include "runtime/core/MemoryNeeds.h"
#include "runtime/core/ProcessLimits.h"
#include "runtime/core/TensorPlacement.h"
#include "runtime/core/Topology.h"
#include "runtime/devices/cpu/Features.h"
#include "runtime/devices/cpu/FirstTouch.h"
#include "runtime/devices/cpu/Probes.h"

#include <algorithm>
#include <cstring>

namespace hadal {

static constexpr uint64_t alignment = 64;
static uint64_t alignUp(uint64_t value) { return (value + alignment - 1) / alignment * alignment; }

/// The team to use, after the check that this CPU can run the program's code at all, and how.
static TeamPlan admit(const Program &program, const DeviceOptions &options) {
  requireFeatures(program->cpu_features, program->cpu, thisCpu());
  requestTileRegisters(program->cpu_features, thisCpu());
  return TeamPlan::of(options);
}

/// Foresees memory that does not suffice: the machine would otherwise end the program without a word in its first step.
static MemoryNeeds foresee(const Program &program, unsigned threads, const AvailableMemory &available) {
  MemoryNeeds needs(program, alignment, threads);
  needs.require(available, "");
  return needs;
}

CpuDevice::CpuDevice(const Program &program, const DeviceOptions &options)
    : CpuDevice(program, admit(program, options), availableMemory()) {}

CpuDevice::CpuDevice(const Program &program, TeamPlan teamPlan, const AvailableMemory &memory)
    : Device(program), program(program), plan(std::move(teamPlan)),
      needed(foresee(program, plan.threads, memory).total()), available(memory.bytes), team(plan.threads, plan.cpus),
      shares(plan.groups) {
  if (program->check_memory)
    checker = std::make_unique<MemoryChecker>(program, team.size());
  else
    arenaMemory = Mapping(program->arena_size, "the arena");
  placeTensors();
  if (plan.hasNodes && !checker)
    touchFirst();
  placeScratch();
  resolveArguments();
  prepareCommands();
}

CpuDevice::~CpuDevice() = default;

void CpuDevice::placeTensors() {
  if (checker) {
    for (uint32_t i = 0; i < program->tensor_count; ++i)
      tensorAddresses.push_back(checker->tensor(i));
    return;
  }
  TensorPlacement placement(program, alignment);
  tensorMemory = Mapping(placement.size, "parameters, gradients and optimizer state");
  for (uint64_t offset : placement.offsets)
    tensorAddresses.push_back(tensorMemory.data() + offset);
}

/// Scratch memory comes to its thread's node by itself: nobody else touches it.
void CpuDevice::touchFirst() {
  FirstTouch tensors(tensorMemory, countParts(plan)), arena(arenaMemory, countParts(plan));
  for (uint32_t i = 0; i < program->tensor_count; ++i)
    tensors.split(static_cast<uint64_t>(tensorAddresses[i] - tensorMemory.data()), byteSize(program.tensors()[i]));
  // Buffers share places in the arena, one after the other: the large ones decide.
  std::vector<hadal_arena_buffer> buffers;
  for (const hadal_entry &entry : program.entries())
    buffers.insert(buffers.end(), entry.arena_buffers, entry.arena_buffers + entry.arena_buffer_count);
  std::ranges::stable_sort(buffers, std::ranges::greater(), &hadal_arena_buffer::size);
  for (const hadal_arena_buffer &buffer : buffers)
    arena.split(buffer.offset, buffer.size);
  tensors.touch(team, plan);
  arena.touch(team, plan);
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
    for (const hadal_argument &argument : argumentsOf(entry)) {
      if (argument.kind == HADAL_ARGUMENT_TENSOR)
        addresses.push_back(tensorAddresses[argument.index]);
      else if (argument.kind == HADAL_ARGUMENT_NUMBER)
        addresses.push_back(&numbers[argument.index]);
      else if (checker)
        addresses.push_back(checker->arena(e, argument.index));
      else
        addresses.push_back(arenaMemory.data() + entry.arena_buffers[argument.index].offset);
    }
  }
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

/// Bytes that a task of a copy or fill moves.
static constexpr uint64_t movedByTask = 1 << 20;

/// The part of `bytes` bytes that the tasks [first, end) are for.
static std::pair<uint64_t, uint64_t> partOf(uint64_t bytes, int64_t first, int64_t end) {
  uint64_t begin = static_cast<uint64_t>(first) * movedByTask;
  return {begin, std::min(bytes, static_cast<uint64_t>(end) * movedByTask) - begin};
}

/// Arguments: the source, the target, the hadal_copy.
static void runCopy(void *const *arguments, int64_t, int64_t first, int64_t end, void *) {
  const hadal_copy &copy = *static_cast<const hadal_copy *>(arguments[2]);
  auto [begin, bytes] = partOf(copy.bytes, first, end);
  std::memcpy(static_cast<std::byte *>(arguments[1]) + copy.target_offset + begin,
              static_cast<const std::byte *>(arguments[0]) + copy.source_offset + begin, bytes);
}

/// Arguments: the target, the hadal_fill.
static void runFill(void *const *arguments, int64_t, int64_t first, int64_t end, void *) {
  const hadal_fill &fill = *static_cast<const hadal_fill *>(arguments[1]);
  auto [begin, bytes] = partOf(fill.bytes, first, end);
  fillElements(static_cast<std::byte *>(arguments[0]) + fill.offset + begin, bytes, fill.element, fill.element_bytes);
}

CpuDevice::PreparedCommand CpuDevice::prepare(const hadal_entry &entry, const hadal_command &command,
                                              std::span<void *const> addresses) {
  auto tasksOfBytes = [](uint64_t bytes) { return static_cast<int64_t>((bytes + movedByTask - 1) / movedByTask); };
  auto table = [](const auto &row) { return const_cast<void *>(static_cast<const void *>(&row)); };
  PreparedCommand prepared;
  forEachArgument(entry, command, [&](uint64_t argument) { prepared.arguments.push_back(addresses[argument]); });
  if (const hadal_launch *launch = launchOf(entry, command)) {
    prepared.function = launch->function;
    prepared.iteration = launch->iteration;
    prepared.tasks = launch->tasks;
    prepared.grain = launch->grain;
    prepared.launch = launch;
  } else if (command.kind == HADAL_COPY) {
    const hadal_copy &copy = entry.copies[command.index];
    prepared.function = runCopy;
    prepared.arguments.push_back(table(copy));
    prepared.tasks = tasksOfBytes(copy.bytes);
  } else {
    const hadal_fill &fill = entry.fills[command.index];
    prepared.function = runFill;
    prepared.arguments.push_back(table(fill));
    prepared.tasks = tasksOfBytes(fill.bytes);
  }
  return prepared;
}

void CpuDevice::prepareCommands() {
  for (uint32_t e = 0; e < program->entry_count; ++e) {
    const hadal_entry &entry = program.entries()[e];
    std::vector<PreparedCommand> &prepared = commands.emplace_back();
    for (const hadal_command &command : commandsOf(entry))
      prepared.push_back(prepare(entry, command, argumentAddresses[e]));
  }
}

static std::vector<unsigned> sorted(std::vector<unsigned> numbers) {
  std::ranges::sort(numbers);
  return numbers;
}

std::string CpuDevice::describe() const {
  std::string features = program->cpu_features;
  return concat("cpu ", program->cpu, features.empty() ? "" : " (" + features + ")", ", ", team.size(),
                team.size() == 1 ? " thread" : " threads",
                plan.cpus.empty() ? "" : " pinned to CPUs " + describeCpus(sorted(plan.cpus)),
                features.find("amx-") == std::string::npos || hadal_tile_registers
                    ? ""
                    : "; AMX is not granted here: the same numbers by vectors, more slowly");
}

std::optional<MachineRates> CpuDevice::measureRates() { return measureMachineRates(team, program->cpu_features); }

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
  std::span<const PreparedCommand> commands;
  CommandRecorder *recorder;
  // The command that the team is in, and its tasks; they change only while all threads but one wait at a barrier.
  uint64_t command = 0;
  int64_t tasks = 0;

  static void runThread(void *context, unsigned thread);
  static void finishCommand(void *context, unsigned thread);
  bool isDone() const { return command == commands.size(); }
  void beginCommand();
  void endCommand();
  void shareTasks(int64_t grain);
  void runSingleChunks(unsigned thread);
  void runChunks(unsigned thread);
};

void CpuDevice::Execution::beginCommand() {
  if (isDone())
    return;
  const PreparedCommand &current = commands[command];
  tasks = current.launch ? tasksOf(*current.launch, device.numbers) : current.tasks;
  shareTasks(current.grain);
  if (device.checker)
    device.checker->beforeCommand(entryIndex, command);
}

void CpuDevice::Execution::endCommand() {
  if (device.checker)
    device.checker->afterCommand(entryIndex, command);
  ++command;
}

/// Whole chunks to every group, as many to each.
void CpuDevice::Execution::shareTasks(int64_t grain) {
  int64_t groups = static_cast<int64_t>(device.shares.size()), chunks = (tasks + grain - 1) / grain, group = 0;
  for (TaskShare &share : device.shares) {
    share.next.store(chunks * group / groups * grain, std::memory_order_relaxed);
    share.end = std::min(tasks, chunks * ++group / groups * grain);
  }
}

/// Takes chunks of the current command until none is left.
void CpuDevice::Execution::runChunks(unsigned thread) {
  const PreparedCommand &current = commands[command];
  void *scratch = device.scratchAddresses[thread];
  int64_t begin = recorder ? CommandRecorder::now() : 0;
  bool worked = false;
  size_t groups = device.shares.size(), own = device.plan.groupOf[thread];
  for (size_t turn = 0; turn < groups; ++turn) {
    TaskShare &share = device.shares[(own + turn) % groups];
    for (int64_t first; (first = share.next.fetch_add(current.grain, std::memory_order_relaxed)) < share.end;) {
      int64_t end = share.end - first < current.grain ? share.end : first + current.grain;
      current.function(current.arguments.data(), current.iteration, first, end, scratch);
      worked = true;
    }
  }
  if (recorder && worked)
    recorder->record(thread, {&entry, command, begin, CommandRecorder::now()});
}

/// Begins the next command; as long as it is a single chunk or has nothing to do, runs it here.
void CpuDevice::Execution::runSingleChunks(unsigned thread) {
  for (beginCommand(); !isDone(); beginCommand()) {
    if (tasks > commands[command].grain)
      return;
    runChunks(thread);
    endCommand();
  }
}

void CpuDevice::Execution::finishCommand(void *context, unsigned thread) {
  Execution &self = *static_cast<Execution *>(context);
  self.endCommand();
  self.runSingleChunks(thread);
}

void CpuDevice::Execution::runThread(void *context, unsigned thread) {
  Execution &self = *static_cast<Execution *>(context);
  while (!self.isDone()) {
    self.runChunks(thread);
    if (!self.device.team.barrier(thread, finishCommand, &self))
      return;
  }
}

void CpuDevice::run(uint32_t entry, CommandRecorder *recorder) {
  Execution execution{*this, entry, program.entries()[entry], commands[entry], recorder};
  execution.runSingleChunks(0);
  if (!execution.isDone())
    team.run(Execution::runThread, &execution);
}

} // namespace hadal
