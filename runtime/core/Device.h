// What the runtime asks of a device: to hold the tensors of a program, to run its entry points, and to copy data in and
// out. One folder per device implements it, and devices/CreateDevice.cpp chooses by the target that the program was
// compiled for. The runtime above never assumes that the host can read a device's memory.
#ifndef HADAL_RUNTIME_CORE_DEVICE_H
#define HADAL_RUNTIME_CORE_DEVICE_H

#include "runtime/core/CommandRecorder.h"
#include "runtime/core/MachineRates.h"
#include "runtime/core/Program.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace hadal {

struct DeviceOptions {
  /// Threads of a CPU device; 0 means one for each CPU that this process may use.
  unsigned threads = 0;
  /// "auto", "cpu", "cuda" or "cuda:N".
  std::string device = "auto";
  /// A GPU runs commands one by one and waits for each, so that a failure names its kernel.
  bool launchBlocking = false;
  /// The CPUs that the threads are pinned to (core/Topology.h); empty: none.
  std::string pin = "";
  /// Where /sys is: a test puts another machine there.
  std::filesystem::path systemRoot = "/";
};

class Device {
public:
  explicit Device(const Program &program) : numbers(program.numbers().size(), notWritten) {}
  virtual ~Device() = default;

  /// One line for the start of a log: "cpu znver4 (avx2,fma), 2 threads".
  virtual std::string describe() const = 0;
  virtual unsigned threads() const = 0;

  /// Bytes of all memory that the device holds for the program, and bytes that were free before it did.
  virtual uint64_t memoryNeeded() const = 0;
  virtual uint64_t memoryAvailable() const = 0;

  /// Copies into a persistent tensor, or out of it, at an offset in bytes: after all that was run before. Several
  /// threads may upload parts of parameters at once.
  virtual void upload(uint32_t tensor, uint64_t offset, std::span<const std::byte> source) = 0;
  virtual void download(uint32_t tensor, uint64_t offset, std::span<std::byte> destination) const = 0;

  /// Copies an argument of an entry point's table out, of the arena too, where it stays as the last command that
  /// touched it left it until another of the entry point's buffers takes its place.
  virtual void downloadArgument(uint32_t entry, uint64_t argument, std::span<std::byte> destination) const = 0;

  /// Writes a number for the runs that follow; it lies within its bound. A number that was never written is negative.
  virtual void setNumber(uint32_t number, int64_t value) { numbers[number] = value; }
  int64_t number(uint32_t index) const { return numbers[index]; }

  /// The tensor's memory where the host can address it, null otherwise.
  virtual std::byte *hostAddress(uint32_t tensor) const = 0;

  /// Runs all commands of an entry point, and may return before they are done. Allocates nothing after the first run of
  /// the entry point.
  virtual void run(uint32_t entry, CommandRecorder *recorder) = 0;

  /// How fast the machine is, measured now, which takes less than a second; nothing where the device cannot tell.
  virtual std::optional<MachineRates> measureRates() { return std::nullopt; }

protected:
  static constexpr int64_t notWritten = -1;
  /// The values of the program's numbers; they stay where they are.
  std::vector<int64_t> numbers;
};

/// The device that the options name, which must suit `program->target`. Fails when this machine cannot run the
/// program's code, before any of it runs.
std::unique_ptr<Device> createDevice(const Program &program, const DeviceOptions &options);

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_DEVICE_H
