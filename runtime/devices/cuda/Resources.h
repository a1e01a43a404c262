// What the driver hands out and takes back, owned: contexts, memory, streams, events, graphs.
#ifndef HADAL_RUNTIME_DEVICES_CUDA_RESOURCES_H
#define HADAL_RUNTIME_DEVICES_CUDA_RESOURCES_H

#include "runtime/devices/cuda/Driver.h"

#include <utility>

namespace hadal::cuda {

/// A handle that `Release` gives back. Failures of giving back are not reported: the program is ending, or has failed
/// already.
template <class Handle, Result (*CudaFunctions::*Release)(Handle)> class Owned {
public:
  Owned() = default;
  explicit Owned(Handle handle) : handle(handle) {}
  Owned(Owned &&other) noexcept : handle(std::exchange(other.handle, Handle{})) {}
  Owned &operator=(Owned &&other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~Owned() {
    if (handle)
      (Driver::get().operator->()->*Release)(handle);
  }

  Handle get() const { return handle; }
  Handle *receive() { return &handle; }
  explicit operator bool() const { return handle != Handle{}; }

private:
  Handle handle{};
};

using DeviceMemory = Owned<DevicePointer, &CudaFunctions::memoryFree>;
using PinnedMemory = Owned<void *, &CudaFunctions::memoryFreeHost>;
using OwnedStream = Owned<Stream, &CudaFunctions::streamDestroy>;
using OwnedEvent = Owned<Event, &CudaFunctions::eventDestroy>;
using OwnedGraph = Owned<Graph, &CudaFunctions::graphDestroy>;
using OwnedExecutableGraph = Owned<ExecutableGraph, &CudaFunctions::executableGraphDestroy>;
using OwnedModule = Owned<Module, &CudaFunctions::moduleUnload>;

/// The primary context of a GPU, current in the thread that made it.
class PrimaryContext {
public:
  explicit PrimaryContext(const GPU &gpu) : device(gpu.device) {
    const Driver &driver = Driver::get();
    driver.check(driver->primaryContextRetain(&context, device), "cannot use ", gpu.describe());
    makeCurrent();
  }
  ~PrimaryContext() { Driver::get()->primaryContextRelease(device); }
  PrimaryContext(const PrimaryContext &) = delete;
  PrimaryContext &operator=(const PrimaryContext &) = delete;

  /// Contexts are current per thread: whoever may be called from several threads calls this first.
  void makeCurrent() const {
    const Driver &driver = Driver::get();
    driver.check(driver->contextSetCurrent(context), "the GPU's context");
  }

private:
  DeviceNumber device;
  Context context = nullptr;
};

} // namespace hadal::cuda

#endif // HADAL_RUNTIME_DEVICES_CUDA_RESOURCES_H
