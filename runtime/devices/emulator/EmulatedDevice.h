// A GPU that is emulated: memory of the process laid out as on the GPU, launches run by the emulator one after the
// other.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_EMULATEDDEVICE_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_EMULATEDDEVICE_H

#include "runtime/core/Device.h"
#include "runtime/core/Memory.h"
#include "runtime/core/MemoryNeeds.h"
#include "runtime/devices/emulator/Emulator.h"

#include <deque>
#include <vector>

namespace hadal::emulator {

class EmulatedDevice final : public Device {
public:
  EmulatedDevice(const Program &program, const DeviceOptions &options);

  std::string describe() const override;
  unsigned threads() const override { return team.size(); }
  uint64_t memoryNeeded() const override { return needs.total(); }
  uint64_t memoryAvailable() const override { return available.bytes; }
  void upload(uint32_t tensor, uint64_t offset, std::span<const std::byte> source) override;
  void download(uint32_t tensor, uint64_t offset, std::span<std::byte> destination) const override;
  void downloadArgument(uint32_t entry, uint64_t argument, std::span<std::byte> destination) const override;
  std::byte *hostAddress(uint32_t tensor) const override { return tensorAddresses[tensor]; }
  void run(uint32_t entry, CommandRecorder *recorder) override;

private:
  struct PreparedLaunch {
    LaunchConfiguration configuration;
    std::vector<GlobalBuffer> buffers;
    std::vector<TensorMap> maps;
  };
  struct Entry {
    std::vector<void *> addresses;        // of the argument table
    std::vector<PreparedLaunch> launches; // of the table
  };

  const Program &program;
  AvailableMemory available;
  MemoryNeeds needs;
  ThreadTeam team;
  Emulator emulator;
  Mapping tensorMemory, arenaMemory;
  std::vector<std::byte *> tensorAddresses;
  std::vector<Entry> entries;
  std::deque<std::string> bufferNames; // which the buffers point to

  void prepareEntry(const hadal_entry &table);
  void prepareLaunch(Entry &entry, const hadal_launch &launch, PreparedLaunch &prepared,
                     std::span<const GlobalBuffer> buffers);
  GlobalBuffer describeBuffer(const hadal_entry &table, const hadal_argument &argument);
  void poison(const hadal_entry &table, uint64_t command);
  void runCommand(uint32_t entry, uint64_t command);
  void runLaunch(uint32_t entry, uint64_t command, uint32_t index);
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_EMULATEDDEVICE_H
