// The list of devices that this runtime knows.
#include "runtime/devices/Device.h"

#include "runtime/core/Error.h"
#include "runtime/devices/cpu/CpuDevice.h"

namespace hadal {

std::unique_ptr<Device> createDevice(const Program &program, const DeviceOptions &options) {
  std::string_view target = program->target;
  if (target == "cpu")
    return std::make_unique<CpuDevice>(program, options);
  fail(HADAL_EXIT_INPUT, "the program was compiled for the target '", target, "'; this runtime has: cpu");
}

} // namespace hadal
