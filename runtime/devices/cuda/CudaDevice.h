// An NVIDIA GPU: tensors and arena in its memory, entry points as CUDA graphs.
#ifndef HADAL_RUNTIME_DEVICES_CUDA_CUDADEVICE_H
#define HADAL_RUNTIME_DEVICES_CUDA_CUDADEVICE_H

#include "runtime/core/Device.h"
#include "runtime/core/MemoryNeeds.h"
#include "runtime/devices/cuda/ExchangedTensors.h"
#include "runtime/devices/cuda/KernelModule.h"

#include <atomic>
#include <memory>
#include <optional>

namespace hadal::cuda {

class CudaDevice final : public Device {
public:
  /// `ordinal` is the N of cuda:N, or nothing for any GPU that can run the program.
  CudaDevice(const Program &program, const DeviceOptions &options, std::optional<int> ordinal);
  ~CudaDevice() override;

  std::string describe() const override;
  unsigned threads() const override { return hostThreads; }
  uint64_t memoryNeeded() const override { return needs.total(); }
  uint64_t memoryAvailable() const override { return available; }
  void upload(uint32_t tensor, uint64_t offset, std::span<const std::byte> source) override;
  void download(uint32_t tensor, uint64_t offset, std::span<std::byte> destination) const override;
  void downloadArgument(uint32_t entry, uint64_t argument, std::span<std::byte> destination) const override;
  void setNumber(uint32_t number, int64_t value) override;
  std::byte *hostAddress(uint32_t) const override { return nullptr; }
  void run(uint32_t entry, CommandRecorder *recorder) override;

private:
  /// A launch with everything the driver is told: built once.
  struct PreparedLaunch {
    LaunchConfiguration configuration = {};
    LaunchAttribute cluster = {};
    Function function = nullptr;
    std::vector<TensorMap> maps;
    /// Points to the addresses of the arguments, the iteration, and the maps.
    std::vector<void *> parameters;
  };
  struct Entry {
    std::vector<DevicePointer> addresses; // of the argument table
    std::vector<PreparedLaunch> launches; // of the table
    bool varies = false;                  // some launch has as many blocks as a number says
    bool hasRun = false;
    OwnedExecutableGraph graph; // from the second run on, of an entry point that does not vary
  };

  const Program &program;
  const Driver &driver;
  const GPU &gpu;
  bool launchBlocking;
  unsigned hostThreads;
  MemoryNeeds needs;
  uint64_t available = 0;

  PrimaryContext context;
  KernelModule module;
  OwnedStream stream;
  DeviceMemory tensorMemory, arenaMemory;
  std::vector<DevicePointer> tensorAddresses;
  std::unique_ptr<ExchangedTensors> exchanged;
  std::vector<Entry> entries;
  std::vector<OwnedEvent> events; // for runs that are recorded
  /// The entry point that was started last and not waited for; atomic, since several threads may upload.
  mutable std::atomic<const char *> running = nullptr;

  void copyToHost(DevicePointer source, std::span<std::byte> destination, const char *what) const;
  void placeTensors();
  void prepareEntries();
  void prepareLaunch(Entry &entry, const hadal_entry &table, uint64_t index);

  /// Puts a command into the stream.
  void issue(uint32_t entry, uint64_t command);
  Result issueLaunch(const hadal_launch &launch, PreparedLaunch &prepared);
  Result issueFill(DevicePointer target, const hadal_fill &fill);
  void issueAll(uint32_t entry);
  void poison(uint32_t entry, uint64_t command);
  void runOneByOne(uint32_t entry);
  void runRecorded(uint32_t entry, CommandRecorder &recorder);
  void capture(uint32_t entry);
  void wait() const;

  std::string describeCommand(uint32_t entry, uint64_t command) const;
};

} // namespace hadal::cuda

#endif // HADAL_RUNTIME_DEVICES_CUDA_CUDADEVICE_H
