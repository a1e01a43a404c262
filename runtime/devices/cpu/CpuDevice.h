// The CPU: tensors and arena in the process's memory, commands on a team of threads.
#ifndef HADAL_RUNTIME_DEVICES_CPU_CPUDEVICE_H
#define HADAL_RUNTIME_DEVICES_CPU_CPUDEVICE_H

#include "runtime/core/Device.h"
#include "runtime/core/Memory.h"
#include "runtime/devices/cpu/MemoryChecker.h"
#include "runtime/devices/cpu/TeamPlan.h"
#include "runtime/devices/cpu/ThreadTeam.h"

#include <atomic>
#include <memory>
#include <vector>

namespace hadal {

class CpuDevice final : public Device {
public:
  CpuDevice(const Program &program, const DeviceOptions &options);
  ~CpuDevice() override;

  std::string describe() const override;
  unsigned threads() const override { return team.size(); }
  uint64_t memoryNeeded() const override { return needed; }
  uint64_t memoryAvailable() const override { return available; }
  void upload(uint32_t tensor, uint64_t offset, std::span<const std::byte> source) override;
  void download(uint32_t tensor, uint64_t offset, std::span<std::byte> destination) const override;
  void downloadArgument(uint32_t entry, uint64_t argument, std::span<std::byte> destination) const override;
  std::byte *hostAddress(uint32_t tensor) const override { return tensorAddresses[tensor]; }
  void run(uint32_t entry, CommandRecorder *recorder) override;
  std::optional<MachineRates> measureRates() override;

private:
  CpuDevice(const Program &program, TeamPlan plan, const AvailableMemory &memory);

  struct Execution;

  /// A command as the threads take it: a kernel and its tasks. Copies and fills are kernels of the device's own.
  struct PreparedCommand {
    hadal_kernel function = nullptr;
    std::vector<void *> arguments;
    int64_t iteration = 0, tasks = 0, grain = 1;
    const hadal_launch *launch = nullptr; // whose tasks may follow from a number
  };

  /// The tasks of the current command that a group of threads takes first: from the next one to the last.
  struct alignas(64) TaskShare {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  const Program &program;
  TeamPlan plan;
  uint64_t needed, available;
  ThreadTeam team;
  std::vector<TaskShare> shares; // of each group
  Mapping tensorMemory, arenaMemory, scratchMemory;
  std::unique_ptr<MemoryChecker> checker; // null unless the program was built with --check-memory
  std::vector<std::byte *> tensorAddresses;
  std::vector<std::byte *> scratchAddresses;
  /// For each entry point the addresses of its argument table, and its commands.
  std::vector<std::vector<void *>> argumentAddresses;
  std::vector<std::vector<PreparedCommand>> commands;

  void placeTensors();
  void touchFirst();
  void placeScratch();
  void resolveArguments();
  void prepareCommands();
  PreparedCommand prepare(const hadal_entry &entry, const hadal_command &command, std::span<void *const> addresses);
};

} // namespace hadal

#endif // HADAL_RUNTIME_DEVICES_CPU_CPUDEVICE_H
