// Placement of a program on a GPU, and its runs.
//
// Everything the driver is told of a launch is made once: addresses, tensor maps, the grid. The first run of an entry
// point issues its commands one by one and waits for each, so that a kernel that fails is named with its place in the
// model; what fails does so in the first run, since shapes never change. The same commands are then captured as one
// CUDA graph, which later runs start with one call. An entry point whose launches depend on a number is issued command
// by command in every run, since a graph would keep the grids of the run that it was captured in. A recorded run issues
// one by one again, between events.
#include "runtime/devices/cuda/CudaDevice.h"

#include "runtime/core/Commands.h"
#include "runtime/core/Memory.h"
#include "runtime/core/ProcessLimits.h"
#include "runtime/core/TensorPlacement.h"

#include <algorithm>

namespace hadal::cuda {

static constexpr uint64_t alignment = 256;

CudaDevice::CudaDevice(const Program &program, const DeviceOptions &options, std::optional<int> ordinal)
    : Device(program), program(program), driver(Driver::get()), gpu(chooseGPU(program, ordinal)),
      launchBlocking(options.launchBlocking || program->check_memory),
      hostThreads(options.threads ? options.threads : availableCpus()), needs(program, alignment, 0), context(gpu),
      module(program, gpu) {
  size_t free = 0, total = 0;
  driver.check(driver->memoryGetInfo(&free, &total), "the free memory of ", gpu.describe());
  available = free;
  needs.require({free, ""}, gpu.describe());
  driver.check(driver->streamCreate(stream.receive(), streamNonBlocking), "a stream");
  placeTensors();
  prepareEntries();
  wait();
}

CudaDevice::~CudaDevice() { driver->streamSynchronize(stream.get()); }

std::string CudaDevice::describe() const {
  return concat("cuda:", &gpu - driver.gpus().data(), " ", gpu.name, " (", program->target, ", ",
                driver.describeVersion(), ")");
}

//===----------------------------------------------------------------------===//
// Placement
//===----------------------------------------------------------------------===//

void CudaDevice::placeTensors() {
  exchanged = std::make_unique<ExchangedTensors>(program, stream.get());
  TensorPlacement placement(program, alignment, [&](uint32_t tensor) { return exchanged->address(tensor) != 0; });
  auto allocate = [&](DeviceMemory &memory, uint64_t bytes, const char *purpose) {
    bytes = std::max(bytes, alignment);
    driver.check(driver->memoryAllocate(memory.receive(), bytes), describeBytes(bytes), " for ", purpose, " on ",
                 gpu.describe());
    driver.check(driver->memset8Async(memory.get(), 0, bytes, stream.get()), "clearing ", purpose);
  };
  allocate(tensorMemory, placement.size, "parameters, gradients and optimizer state");
  allocate(arenaMemory, program->arena_size, "the arena");
  for (uint32_t i = 0; i < program->tensor_count; ++i)
    tensorAddresses.push_back(exchanged->address(i) ? exchanged->address(i)
                                                    : tensorMemory.get() + placement.offsets[i]);
}

void CudaDevice::prepareEntries() {
  for (const hadal_entry &table : program.entries()) {
    Entry &entry = entries.emplace_back();
    for (const hadal_argument &argument : argumentsOf(table))
      entry.addresses.push_back(argument.kind == HADAL_ARGUMENT_TENSOR ? tensorAddresses[argument.index]
                                : argument.kind == HADAL_ARGUMENT_NUMBER
                                    ? exchanged->numberAddress(argument.index)
                                    : arenaMemory.get() + table.arena_buffers[argument.index].offset);
    entry.launches.resize(table.launch_count); // stays as it is: the driver is given pointers into it
    for (uint64_t i = 0; i < table.launch_count; ++i)
      prepareLaunch(entry, table, i);
  }
}

void CudaDevice::prepareLaunch(Entry &entry, const hadal_entry &table, uint64_t index) {
  const hadal_launch &launch = table.launches[index];
  const hadal_gpu_launch &described = *launch.gpu;
  PreparedLaunch &prepared = entry.launches[index];
  entry.varies |= launch.number != HADAL_NONE;
  prepared.function = module.function(described);
  DevicePointer *addresses = entry.addresses.data() + launch.first_argument;
  for (uint32_t a = 0; a < launch.argument_count; ++a)
    prepared.parameters.push_back(&addresses[a]);
  prepared.parameters.push_back(const_cast<int64_t *>(&launch.iteration)); // the driver reads it only
  prepared.maps.reserve(described.map_count);
  for (uint32_t m = 0; m < described.map_count; ++m) {
    const hadal_tensor_map &map = described.maps[m];
    prepared.maps.push_back(
        encodeTensorMap(map, addresses[map.argument],
                        concat("tensor map ", m, " of the kernel '", launch.name, "' (", described.location, ")")));
    prepared.parameters.push_back(&prepared.maps.back());
  }
  prepared.configuration = {.gridX = static_cast<unsigned>(described.blocks),
                            .gridY = 1,
                            .gridZ = 1,
                            .blockX = described.threads,
                            .blockY = 1,
                            .blockZ = 1,
                            .sharedBytes = described.shared_bytes,
                            .stream = stream.get(),
                            .attributes = nullptr,
                            .attributeCount = 0};
  if (described.cluster > 1) {
    prepared.cluster.id = launchClusterDimension;
    prepared.cluster.value.clusterDimension = {described.cluster, 1, 1};
    prepared.configuration.attributes = &prepared.cluster;
    prepared.configuration.attributeCount = 1;
  }
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

void CudaDevice::upload(uint32_t tensor, uint64_t offset, std::span<const std::byte> source) {
  if (ExchangedTensors::isInput(program.tensors()[tensor]))
    return exchanged->write(tensor, offset, source);
  context.makeCurrent();
  driver.check(driver->copyToDeviceAsync(tensorAddresses[tensor] + offset, source.data(), source.size(), stream.get()),
               "writing the tensor '", program.tensors()[tensor].name, "'");
  wait();
}

void CudaDevice::download(uint32_t tensor, uint64_t offset, std::span<std::byte> destination) const {
  if (exchanged->address(tensor)) {
    if (running)
      wait();
    std::ranges::copy_n(exchanged->host(tensor) + offset, static_cast<std::ptrdiff_t>(destination.size()),
                        destination.data());
    return;
  }
  copyToHost(tensorAddresses[tensor] + offset, destination, program.tensors()[tensor].name);
}

void CudaDevice::downloadArgument(uint32_t entry, uint64_t argument, std::span<std::byte> destination) const {
  copyToHost(entries[entry].addresses[argument], destination, "an argument");
}

void CudaDevice::setNumber(uint32_t number, int64_t value) {
  Device::setNumber(number, value);
  exchanged->writeNumber(number, value);
}

void CudaDevice::copyToHost(DevicePointer source, std::span<std::byte> destination, const char *what) const {
  context.makeCurrent();
  driver.check(driver->copyToHostAsync(destination.data(), source, destination.size(), stream.get()), "reading '", what,
               "'");
  wait();
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

std::string CudaDevice::describeCommand(uint32_t entry, uint64_t number) const {
  const hadal_entry &table = program.entries()[entry];
  const hadal_command &command = table.commands[number];
  const hadal_launch *launch = launchOf(table, command);
  std::string what = concat("the ", kindOf(command), " '", nameOf(table, command), "' (");
  if (!launch)
    return concat(what, "command ", number, " of '", table.name, "')");
  return concat(what, launch->gpu->location, "; command ", number, " of '", table.name, "', ",
                tasksOf(*launch, numbers), " x ", launch->gpu->threads, " threads, ",
                describeBytes(launch->gpu->shared_bytes), " shared)");
}

Result CudaDevice::issueLaunch(const hadal_launch &launch, PreparedLaunch &prepared) {
  prepared.configuration.gridX = static_cast<unsigned>(tasksOf(launch, numbers));
  if (prepared.configuration.gridX == 0)
    return success;
  return driver->launchKernel(&prepared.configuration, prepared.function, prepared.parameters.data(), nullptr);
}

Result CudaDevice::issueFill(DevicePointer target, const hadal_fill &fill) {
  uint64_t elements = fill.bytes / fill.element_bytes;
  target += fill.offset;
  if (fill.element_bytes == 4)
    return driver->memset32Async(target, fill.element, elements, stream.get());
  if (fill.element_bytes == 2)
    return driver->memset16Async(target, static_cast<unsigned short>(fill.element), elements, stream.get());
  return driver->memset8Async(target, static_cast<unsigned char>(fill.element), elements, stream.get());
}

void CudaDevice::issue(uint32_t entry, uint64_t number) {
  const hadal_entry &table = program.entries()[entry];
  const hadal_command &command = table.commands[number];
  std::span<const DevicePointer> addresses = entries[entry].addresses;
  Result result = success;
  if (const hadal_launch *launch = launchOf(table, command)) {
    result = issueLaunch(*launch, entries[entry].launches[command.index]);
  } else if (command.kind == HADAL_COPY) {
    const hadal_copy &copy = table.copies[command.index];
    result = driver->copyAsync(addresses[copy.target] + copy.target_offset, addresses[copy.source] + copy.source_offset,
                               copy.bytes, stream.get());
  } else {
    const hadal_fill &fill = table.fills[command.index];
    result = issueFill(addresses[fill.target], fill);
  }
  if (result != success)
    driver.check(result, describeCommand(entry, number), " could not be ",
                 command.kind == HADAL_LAUNCH ? "launched" : "started");
}

void CudaDevice::issueAll(uint32_t entry) {
  for (uint64_t i = 0; i < program.entries()[entry].command_count; ++i)
    issue(entry, i);
}

/// Fills the arena buffers whose lives begin at a command with a NaN pattern, for programs built with --check-memory.
void CudaDevice::poison(uint32_t entry, uint64_t command) {
  for (const hadal_arena_buffer &buffer : buffersOf(program.entries()[entry]))
    if (buffer.first_command == command)
      driver.check(
          driver->memset8Async(arenaMemory.get() + buffer.offset, GuardedMapping::poison, buffer.size, stream.get()),
          "poisoning the arena");
}

void CudaDevice::runOneByOne(uint32_t entry) {
  for (uint64_t i = 0; i < program.entries()[entry].command_count; ++i) {
    if (program->check_memory)
      poison(entry, i);
    issue(entry, i);
    if (Result result = driver->streamSynchronize(stream.get()); result != success)
      driver.check(result, describeCommand(entry, i), " failed");
  }
}

/// Events before the first command and after each tell how long each took on the GPU; the host's clock tells when the
/// first began.
void CudaDevice::runRecorded(uint32_t entry, CommandRecorder &recorder) {
  size_t count = program.entries()[entry].command_count;
  while (events.size() <= count)
    driver.check(driver->eventCreate(events.emplace_back().receive(), 0), "an event");
  wait();
  int64_t origin = CommandRecorder::now();
  driver.check(driver->eventRecord(events[0].get(), stream.get()), "recording an event");
  for (uint64_t i = 0; i < count; ++i) {
    issue(entry, i);
    driver.check(driver->eventRecord(events[i + 1].get(), stream.get()), "recording an event");
  }
  if (Result result = driver->streamSynchronize(stream.get()); result != success)
    driver.check(result, "a kernel of '", program.entries()[entry].name, "' failed");
  auto time = [&](uint64_t event) {
    float milliseconds = 0;
    driver.check(driver->eventElapsedTime(&milliseconds, events[0].get(), events[event].get()), "reading an event");
    return origin + static_cast<int64_t>(static_cast<double>(milliseconds) * 1e6);
  };
  for (uint64_t i = 0; i < count; ++i)
    recorder.record(0, {&program.entries()[entry], i, time(i), time(i + 1)});
}

/// Turns the commands of an entry point into a graph.
void CudaDevice::capture(uint32_t entry) {
  const char *name = program.entries()[entry].name;
  driver.check(driver->streamBeginCapture(stream.get(), captureThreadLocal), "capturing '", name, "'");
  issueAll(entry);
  OwnedGraph graph;
  driver.check(driver->streamEndCapture(stream.get(), graph.receive()), "capturing '", name, "'");
  driver.check(driver->graphInstantiate(entries[entry].graph.receive(), graph.get(), 0), "making a graph of '", name,
               "'");
}

void CudaDevice::run(uint32_t index, CommandRecorder *recorder) {
  context.makeCurrent();
  exchanged->copyInputs();
  Entry &entry = entries[index];
  if (recorder) {
    runRecorded(index, *recorder);
  } else if (launchBlocking || !entry.hasRun) {
    runOneByOne(index);
    if (!launchBlocking && !entry.varies)
      capture(index);
    entry.hasRun = true;
  } else if (entry.varies) {
    issueAll(index);
  } else {
    driver.check(driver->graphLaunch(entry.graph.get(), stream.get()), "starting '", program.entries()[index].name,
                 "'");
  }
  exchanged->copyResults(index);
  running = program.entries()[index].name;
}

/// Waits for all that the stream holds. Kernels of a graph fail without saying which of them it was.
void CudaDevice::wait() const {
  Result result = driver->streamSynchronize(stream.get());
  if (const char *entry = running; result != success && entry)
    driver.check(result, "a kernel of '", entry, "' failed on ", gpu.describe(),
                 "; run with --launch-blocking to learn which");
  driver.check(result, gpu.describe());
  running = nullptr;
}

} // namespace hadal::cuda
