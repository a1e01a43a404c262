// NVIDIA's driver, opened at run time: a program for GPUs starts on any machine and can say what is missing there.
// Calls that fail become errors whose message holds what was being done and the driver's own words.
#ifndef HADAL_RUNTIME_DEVICES_CUDA_DRIVER_H
#define HADAL_RUNTIME_DEVICES_CUDA_DRIVER_H

#include "runtime/core/Error.h"
#include "runtime/devices/cuda/DriverAPI.h"

#include <string>
#include <string_view>
#include <vector>

namespace hadal::cuda {

/// The oldest driver interface this runtime can use: after tensor maps and clusters it brought long lists of
/// parameters.
inline constexpr int oldestInterface = 12010;

/// The compute capability of a GPU or of a target: 9.0 of "sm_90a".
struct Capability {
  int major = 0, minor = 0;
  /// The code uses instructions that only this capability has ("sm_90a"), so newer GPUs cannot run it.
  bool specific = false;

  static Capability ofTarget(std::string_view target);
  bool operator==(const Capability &other) const { return major == other.major && minor == other.minor; }
  bool operator<(const Capability &other) const {
    return major != other.major ? major < other.major : minor < other.minor;
  }
  std::string text() const { return concat(major, ".", minor); }
};

struct GPU {
  DeviceNumber device = 0;
  std::string name;
  Capability capability;
  uint64_t memory = 0; // bytes in all

  /// "NVIDIA H100 80GB HBM3 (compute capability 9.0, 79.11 GiB)".
  std::string describe() const;
};

class Driver {
public:
  /// The driver of this machine. Fails with HADAL_EXIT_NO_DEVICE when there is none, or one that is too old.
  static const Driver &get();

  const CudaFunctions *operator->() const { return &functions; }

  /// 13000 for CUDA 13.0.
  int version() const { return interface; }
  /// "CUDA 13.0".
  std::string describeVersion() const;

  /// The GPUs that this process may use, in the driver's order.
  const std::vector<GPU> &gpus() const { return devices; }

  /// Fails with HADAL_EXIT_DEVICE_FAILURE, "what: the driver's words", unless the call succeeded.
  template <class... Parts> void check(Result result, const Parts &...what) const {
    if (result != success)
      fail(result == errorOutOfMemory ? HADAL_EXIT_OUT_OF_MEMORY : HADAL_EXIT_DEVICE_FAILURE, what..., ": ",
           describe(result));
  }
  /// "an illegal memory access was encountered (CUDA_ERROR_ILLEGAL_ADDRESS)".
  std::string describe(Result result) const;

private:
  Driver();
  void load();
  void listDevices();

  CudaFunctions functions;
  int interface = 0;
  std::vector<GPU> devices;
};

} // namespace hadal::cuda

#endif // HADAL_RUNTIME_DEVICES_CUDA_DRIVER_H
