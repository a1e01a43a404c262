// Placement of a program's memory for the emulator, and its runs. A kernel may touch the arguments of its launch and
// nothing else: the emulator checks every access against them. Buffers of the arena are filled with NaNs when their
// lives begin, so that what nobody wrote shows.
#include "runtime/devices/emulator/EmulatedDevice.h"

#include "runtime/core/Commands.h"
#include "runtime/core/ProcessLimits.h"
#include "runtime/core/TensorPlacement.h"
#include "runtime/devices/cpu/Features.h"

#include <algorithm>
#include <cstring>

namespace hadal::emulator {

static constexpr uint64_t alignment = 256;

/// The threads to use, after the check that this CPU can run the program's code at all.
static unsigned admit(const Program &program, const DeviceOptions &options) {
  requireFeatures(program->cpu_features, program->cpu, thisCpu());
  return options.threads ? options.threads : availableCpus();
}

/// Foresees memory that does not suffice.
static MemoryNeeds foresee(const Program &program, const AvailableMemory &available) {
  MemoryNeeds needs(program, alignment, 0);
  needs.require(available, "");
  return needs;
}

EmulatedDevice::EmulatedDevice(const Program &program, const DeviceOptions &options)
    : Device(program), program(program), available(availableMemory()), needs(foresee(program, available)),
      team(admit(program, options)), emulator(team) {
  tensorMemory = Mapping(needs.persistent(), "parameters, gradients and optimizer state");
  arenaMemory = Mapping(program->arena_size, "the arena");
  for (uint64_t offset : TensorPlacement(program, alignment).offsets)
    tensorAddresses.push_back(tensorMemory.data() + offset);
  for (const hadal_entry &table : program.entries())
    prepareEntry(table);
}

std::string EmulatedDevice::describe() const {
  return concat(program->target, " emulated on ", team.size(), team.size() == 1 ? " thread" : " threads");
}

//===----------------------------------------------------------------------===//
// Placement
//===----------------------------------------------------------------------===//

GlobalBuffer EmulatedDevice::describeBuffer(const hadal_entry &table, const hadal_argument &argument) {
  if (argument.kind == HADAL_ARGUMENT_TENSOR) {
    const hadal_tensor &tensor = program.tensors()[argument.index];
    return {tensorAddresses[argument.index], byteSize(tensor), true, tensor.name};
  }
  if (argument.kind == HADAL_ARGUMENT_NUMBER)
    return {&numbers[argument.index], sizeof(int64_t), false, program.numbers()[argument.index].name};
  const hadal_arena_buffer &buffer = table.arena_buffers[argument.index];
  const std::string &name = bufferNames.emplace_back(concat("arena buffer ", argument.index, " of '", table.name, "'"));
  return {arenaMemory.data() + buffer.offset, buffer.size, true, name.c_str()};
}

void EmulatedDevice::prepareEntry(const hadal_entry &table) {
  Entry &entry = entries.emplace_back();
  std::vector<GlobalBuffer> buffers;
  for (const hadal_argument &argument : argumentsOf(table)) {
    buffers.push_back(describeBuffer(table, argument));
    entry.addresses.push_back(const_cast<void *>(buffers.back().begin));
  }
  entry.launches.resize(table.launch_count); // stays as it is: configurations point into it
  for (uint64_t i = 0; i < table.launch_count; ++i)
    prepareLaunch(entry, table.launches[i], entry.launches[i], buffers);
}

void EmulatedDevice::prepareLaunch(Entry &entry, const hadal_launch &launch, PreparedLaunch &prepared,
                                   std::span<const GlobalBuffer> buffers) {
  for (const GlobalBuffer &buffer : buffers.subspan(launch.first_argument, launch.argument_count))
    if (std::ranges::none_of(prepared.buffers, [&](const GlobalBuffer &other) { return other.begin == buffer.begin; }))
      prepared.buffers.push_back(buffer); // once, where a result takes the place of an operand
  for (const hadal_tensor_map &map : std::span(launch.gpu->maps, launch.gpu->map_count)) {
    TensorMap &described = prepared.maps.emplace_back();
    described.data = static_cast<std::byte *>(entry.addresses[launch.first_argument + map.argument]) + map.offset;
    described.elementBytes = static_cast<uint32_t>(elementSize(map.element_type));
    described.rank = map.rank;
    described.swizzle = map.swizzle;
    std::ranges::copy(map.sizes, described.sizes);
    std::ranges::copy(map.strides, described.strides);
    std::ranges::copy(map.box, described.box);
  }
  prepared.configuration = {.name = launch.name,
                            .blocks = launch.gpu->blocks,
                            .threads = launch.gpu->threads,
                            .cluster = launch.gpu->cluster,
                            .sharedBytes = launch.gpu->shared_bytes,
                            .buffers = prepared.buffers,
                            .order = 0};
}

void EmulatedDevice::upload(uint32_t tensor, uint64_t offset, std::span<const std::byte> source) {
  std::memcpy(tensorAddresses[tensor] + offset, source.data(), source.size());
}

void EmulatedDevice::download(uint32_t tensor, uint64_t offset, std::span<std::byte> destination) const {
  std::memcpy(destination.data(), tensorAddresses[tensor] + offset, destination.size());
}

void EmulatedDevice::downloadArgument(uint32_t entry, uint64_t argument, std::span<std::byte> destination) const {
  std::memcpy(destination.data(), entries[entry].addresses[argument], destination.size());
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

void EmulatedDevice::poison(const hadal_entry &table, uint64_t command) {
  for (const hadal_arena_buffer &buffer : buffersOf(table))
    if (buffer.first_command == command)
      std::memset(arenaMemory.data() + buffer.offset, GuardedMapping::poison, buffer.size);
}

void EmulatedDevice::runLaunch(uint32_t entry, uint64_t command, uint32_t index) {
  const hadal_entry &table = program.entries()[entry];
  const hadal_launch &launch = table.launches[index];
  PreparedLaunch &prepared = entries[entry].launches[index];
  prepared.configuration.blocks = tasksOf(launch, numbers);
  if (prepared.configuration.blocks == 0)
    return;
  std::string fault =
      emulator.launch(launch.gpu->function, prepared.configuration,
                      entries[entry].addresses.data() + launch.first_argument, launch.iteration, prepared.maps);
  if (!fault.empty())
    fail(HADAL_EXIT_DEVICE_FAILURE, fault, " (command ", command, " of '", table.name, "', ", launch.gpu->location,
         ")");
}

void EmulatedDevice::runCommand(uint32_t entry, uint64_t number) {
  const hadal_entry &table = program.entries()[entry];
  const hadal_command &command = table.commands[number];
  auto address = [&](uint32_t argument) { return static_cast<std::byte *>(entries[entry].addresses[argument]); };
  if (command.kind == HADAL_LAUNCH)
    return runLaunch(entry, number, command.index);
  if (command.kind == HADAL_COPY) {
    const hadal_copy &copy = table.copies[command.index];
    std::memcpy(address(copy.target) + copy.target_offset, address(copy.source) + copy.source_offset, copy.bytes);
    return;
  }
  const hadal_fill &fill = table.fills[command.index];
  fillElements(address(fill.target) + fill.offset, fill.bytes, fill.element, fill.element_bytes);
}

void EmulatedDevice::run(uint32_t entry, CommandRecorder *recorder) {
  const hadal_entry &table = program.entries()[entry];
  for (uint64_t i = 0; i < table.command_count; ++i) {
    poison(table, i);
    int64_t begin = recorder ? CommandRecorder::now() : 0;
    runCommand(entry, i);
    if (recorder)
      recorder->record(0, {&table, i, begin, CommandRecorder::now()});
  }
}

} // namespace hadal::emulator
