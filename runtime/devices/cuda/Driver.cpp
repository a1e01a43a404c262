// Opening libcuda.so.1 and looking at what it offers.
#include "runtime/devices/cuda/Driver.h"

#include "runtime/core/Memory.h"

#include <charconv>
#include <dlfcn.h>

namespace hadal::cuda {

static constexpr const char *library = "libcuda.so.1";

Capability Capability::ofTarget(std::string_view target) {
  int number = 0;
  if (!target.starts_with("sm_"))
    fail(HADAL_EXIT_INPUT, "malformed program: '", target, "' is no target of NVIDIA GPUs");
  const char *end = target.data() + target.size();
  auto [rest, error] = std::from_chars(target.data() + 3, end, number);
  if (error != std::errc() || number < 10 || (rest != end && (*rest != 'a' || rest + 1 != end)))
    fail(HADAL_EXIT_INPUT, "malformed program: '", target, "' is no target of NVIDIA GPUs");
  return {number / 10, number % 10, rest != end};
}

std::string GPU::describe() const {
  return concat(name, " (compute capability ", capability.text(), ", ", describeBytes(memory), ")");
}

const Driver &Driver::get() {
  static const Driver driver; // tried again by the next call when it throws
  return driver;
}

Driver::Driver() {
  load();
  listDevices();
}

static std::string versionText(int version) { return concat("CUDA ", version / 1000, ".", version % 1000 / 10); }

std::string Driver::describeVersion() const { return versionText(interface); }

/// Opens the library and finds the functions. An old driver lacks some of them, so its version is looked at first.
void Driver::load() {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *why = dlerror();
    fail(HADAL_EXIT_NO_DEVICE, "no NVIDIA driver: ", why ? why : library,
         "; install the driver of your GPU (nvidia-smi lists what it sees)");
  }
  auto require = [&](auto &function, const char *symbol) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, symbol));
    if (!function)
      fail(HADAL_EXIT_NO_DEVICE, "the NVIDIA driver is too old: ", library, " has no ", symbol, "; install one for ",
           versionText(oldestInterface), " or newer");
  };
  require(functions.driverGetVersion, "cuDriverGetVersion");
  if (functions.driverGetVersion(&interface) != success || interface < oldestInterface)
    fail(HADAL_EXIT_NO_DEVICE, "the NVIDIA driver is too old: it is for ", versionText(interface),
         ", the program needs ", versionText(oldestInterface), " or newer; install a newer driver");
#define HADAL_CUDA_LOAD(field, symbol, parameters) require(functions.field, symbol);
  HADAL_CUDA_FUNCTIONS(HADAL_CUDA_LOAD)
#undef HADAL_CUDA_LOAD
}

void Driver::listDevices() {
  Result started = functions.initialize(0);
  int count = 0;
  if (started == success)
    started = functions.deviceGetCount(&count);
  if (started == errorNoDevice || (started == success && count == 0))
    return;
  if (started != success)
    fail(HADAL_EXIT_NO_DEVICE, "the NVIDIA driver does not start: ", describe(started));
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    GPU gpu;
    char name[256] = "";
    size_t memory = 0;
    check(functions.deviceGet(&gpu.device, ordinal), "GPU ", ordinal);
    check(functions.deviceGetName(name, sizeof name, gpu.device), "the name of GPU ", ordinal);
    check(functions.deviceTotalMemory(&memory, gpu.device), "the memory of GPU ", ordinal);
    check(functions.deviceGetAttribute(&gpu.capability.major, attributeCapabilityMajor, gpu.device), "GPU ", ordinal);
    check(functions.deviceGetAttribute(&gpu.capability.minor, attributeCapabilityMinor, gpu.device), "GPU ", ordinal);
    gpu.name = name;
    gpu.memory = memory;
    devices.push_back(std::move(gpu));
  }
}

std::string Driver::describe(Result result) const {
  const char *name = nullptr, *text = nullptr;
  if (functions.getErrorName && functions.getErrorString && functions.getErrorName(result, &name) == success &&
      functions.getErrorString(result, &text) == success && name && text)
    return concat(text, " (", name, ")");
  return concat("error ", result);
}

} // namespace hadal::cuda
