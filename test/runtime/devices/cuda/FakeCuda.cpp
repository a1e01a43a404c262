// A libcuda.so.1 without a GPU. Device memory is host memory; what goes into a stream is done when somebody waits for
// it, as late as a GPU may do it, so that a missing wait or a mirror written too early gives wrong numbers; kernels are
// calls of the test (FakeCuda.h). Environment variables choose what is wrong with the machine:
//
//   FAKE_CUDA_VERSION     of the driver's interface, 13000 by default
//   FAKE_CUDA_DEVICES     number of GPUs, 1 by default
//   FAKE_CUDA_CAPABILITY  their compute capability, "9.0" by default
//   FAKE_CUDA_MEMORY      bytes that are free, 1 GiB by default
//   FAKE_CUDA_IMAGES      which code loads: "cubin,ptx" by default
//   FAKE_CUDA_FAIL        the kernel that faults, or the function that reports an unknown error
//   FAKE_CUDA_LOG         a file to which every call that matters appends a line
#include "test/runtime/devices/cuda/FakeCuda.h"
#include "runtime/devices/cuda/DriverAPI.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

using namespace hadal::cuda;

namespace hadal::cuda {
struct ContextHandle {};
struct ModuleHandle {};
struct FunctionHandle {
  std::string name;
  int sharedBytes = 48 << 10; // what a kernel may have without being allowed more
};
struct EventHandle {
  double milliseconds = 0;
};
using Operation = std::function<void()>;
struct GraphHandle {
  std::vector<Operation> operations;
};
struct ExecutableGraphHandle {
  std::vector<Operation> operations;
};
struct StreamHandle {
  std::deque<Operation> queue;
  bool capturing = false;
  std::vector<Operation> captured;
};
} // namespace hadal::cuda

namespace {

constexpr Result errorInvalidValue = 1, errorIllegalAddress = 700, errorUnknown = 999, errorCaptureUnsupported = 900;

fake_cuda_kernel runKernel = nullptr;
Result sticky = success; // after a fault every call reports it
double clockMilliseconds = 0;
StreamHandle *onlyStream = nullptr;
size_t allocated = 0;

std::string setting(const char *name, const char *otherwise) {
  const char *value = std::getenv(name);
  return value ? value : otherwise;
}
long number(const char *name, long otherwise) {
  const char *value = std::getenv(name);
  return value ? std::atol(value) : otherwise;
}

[[gnu::format(printf, 1, 2)]] void log(const char *format, ...) {
  const char *path = std::getenv("FAKE_CUDA_LOG");
  if (!path)
    return;
  std::FILE *file = std::fopen(path, "a");
  va_list parts;
  va_start(parts, format);
  std::vfprintf(file, format, parts);
  va_end(parts);
  std::fputc('\n', file);
  std::fclose(file);
}

/// What every call reports before it does anything.
Result fault(const char *function) { return setting("FAKE_CUDA_FAIL", "") == function ? errorUnknown : sticky; }

/// As of a real driver, functions may be called by several threads.
std::recursive_mutex streamMutex;

Result enqueue(Stream stream, Operation operation) {
  std::lock_guard lock(streamMutex);
  if (stream->capturing)
    stream->captured.push_back(std::move(operation));
  else
    stream->queue.push_back(std::move(operation));
  return sticky;
}

Result drain(Stream stream) {
  std::lock_guard lock(streamMutex);
  if (stream->capturing)
    return errorCaptureUnsupported;
  while (!stream->queue.empty() && sticky == success) {
    Operation operation = std::move(stream->queue.front());
    stream->queue.pop_front();
    operation();
  }
  return sticky;
}

template <class Element> Result fillElements(DevicePointer to, Element value, size_t elements, Stream stream) {
  log("fill %zu elements of %zu bytes", elements, sizeof(Element));
  return enqueue(stream, [=] {
    for (size_t i = 0; i < elements; ++i)
      reinterpret_cast<Element *>(to)[i] = value;
  });
}

size_t freeMemory() { return static_cast<size_t>(number("FAKE_CUDA_MEMORY", 1l << 30)) - allocated; }

} // namespace

extern "C" {

void fakeCudaSetKernels(fake_cuda_kernel kernels) { runKernel = kernels; }

Result cuInit(unsigned) { return fault("cuInit"); }
Result cuDriverGetVersion(int *version) {
  *version = static_cast<int>(number("FAKE_CUDA_VERSION", 13000));
  return success;
}
Result cuGetErrorName(Result error, const char **text) {
  *text = error == errorIllegalAddress   ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : error == errorNoBinaryForGPU ? "CUDA_ERROR_NO_BINARY_FOR_GPU"
          : error == errorInvalidPTX     ? "CUDA_ERROR_INVALID_PTX"
          : error == errorOutOfMemory    ? "CUDA_ERROR_OUT_OF_MEMORY"
                                         : "CUDA_ERROR_UNKNOWN";
  return success;
}
Result cuGetErrorString(Result error, const char **text) {
  *text = error == errorIllegalAddress ? "an illegal memory access was encountered" : "an error of the fake driver";
  return success;
}

Result cuDeviceGetCount(int *count) {
  *count = static_cast<int>(number("FAKE_CUDA_DEVICES", 1));
  return *count ? success : errorNoDevice;
}
Result cuDeviceGet(DeviceNumber *device, int ordinal) {
  *device = ordinal;
  return success;
}
Result cuDeviceGetName(char *name, int length, DeviceNumber device) {
  std::snprintf(name, static_cast<size_t>(length), "Fake GPU %d", device);
  return success;
}
Result cuDeviceGetAttribute(int *value, int attribute, DeviceNumber) {
  int major = 0, minor = 0;
  std::sscanf(setting("FAKE_CUDA_CAPABILITY", "9.0").c_str(), "%d.%d", &major, &minor);
  *value = attribute == attributeCapabilityMajor ? major : minor;
  return success;
}
Result cuDeviceTotalMem_v2(size_t *bytes, DeviceNumber) {
  *bytes = size_t{2} << 30;
  return success;
}
Result cuDevicePrimaryCtxRetain(Context *context, DeviceNumber device) {
  static ContextHandle handle;
  *context = &handle;
  log("context of device %d", device);
  return fault("cuDevicePrimaryCtxRetain");
}
Result cuDevicePrimaryCtxRelease_v2(DeviceNumber) { return success; }
Result cuCtxSetCurrent(Context) { return sticky; }

Result cuMemGetInfo_v2(size_t *free, size_t *total) {
  *free = freeMemory();
  *total = size_t{2} << 30;
  return success;
}
Result cuMemAlloc_v2(DevicePointer *pointer, size_t bytes) {
  if (bytes == 0)
    return errorInvalidValue;
  if (bytes > freeMemory())
    return errorOutOfMemory;
  void *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(memory, 0xff, bytes);
  *pointer = reinterpret_cast<DevicePointer>(memory);
  allocated += bytes;
  log("allocate %zu", bytes);
  return fault("cuMemAlloc");
}
Result cuMemFree_v2(DevicePointer pointer) {
  std::free(reinterpret_cast<void *>(pointer));
  return success;
}
Result cuMemAllocHost_v2(void **pointer, size_t bytes) {
  *pointer = std::malloc(bytes);
  return success;
}
Result cuMemFreeHost(void *pointer) {
  std::free(pointer);
  return success;
}
Result cuMemsetD8Async(DevicePointer to, unsigned char value, size_t bytes, Stream stream) {
  return enqueue(stream, [=] { std::memset(reinterpret_cast<void *>(to), value, bytes); });
}
Result cuMemsetD16Async(DevicePointer to, unsigned short value, size_t elements, Stream stream) {
  return fillElements(to, value, elements, stream);
}
Result cuMemsetD32Async(DevicePointer to, unsigned value, size_t elements, Stream stream) {
  return fillElements(to, value, elements, stream);
}
Result cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, size_t bytes, Stream stream) {
  log("copy %zu bytes on the device", bytes);
  return enqueue(stream, [=] { std::memcpy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes); });
}
Result cuMemcpyHtoDAsync_v2(DevicePointer to, const void *from, size_t bytes, Stream stream) {
  log("copy %zu bytes to the device", bytes);
  if (Result result = fault("cuMemcpyHtoDAsync"))
    return result;
  return enqueue(stream, [=] { std::memcpy(reinterpret_cast<void *>(to), from, bytes); });
}
Result cuMemcpyDtoHAsync_v2(void *to, DevicePointer from, size_t bytes, Stream stream) {
  log("copy %zu bytes to the host", bytes);
  return enqueue(stream, [=] { std::memcpy(to, reinterpret_cast<void *>(from), bytes); });
}

Result cuStreamCreate(Stream *stream, unsigned) {
  onlyStream = *stream = new StreamHandle;
  return success;
}
Result cuStreamDestroy_v2(Stream stream) {
  delete stream;
  return success;
}
Result cuStreamSynchronize(Stream stream) { return drain(stream); }
Result cuStreamBeginCapture_v2(Stream stream, int) {
  if (stream->capturing)
    return errorInvalidValue;
  log("begin capture");
  stream->capturing = true;
  return fault("cuStreamBeginCapture");
}
Result cuStreamEndCapture(Stream stream, Graph *graph) {
  if (!stream->capturing)
    return errorInvalidValue;
  log("end capture: %zu operations", stream->captured.size());
  stream->capturing = false;
  *graph = new GraphHandle{std::exchange(stream->captured, {})};
  return fault("cuStreamEndCapture");
}
Result cuGraphInstantiateWithFlags(ExecutableGraph *executable, Graph graph, unsigned long long) {
  *executable = new ExecutableGraphHandle{graph->operations};
  log("instantiate");
  return fault("cuGraphInstantiate");
}
Result cuGraphLaunch(ExecutableGraph executable, Stream stream) {
  log("launch graph");
  for (const Operation &operation : executable->operations)
    stream->queue.push_back(operation);
  return fault("cuGraphLaunch");
}
Result cuGraphDestroy(Graph graph) {
  delete graph;
  return success;
}
Result cuGraphExecDestroy(ExecutableGraph executable) {
  delete executable;
  return success;
}

Result cuEventCreate(Event *event, unsigned) {
  *event = new EventHandle;
  return success;
}
Result cuEventDestroy_v2(Event event) {
  delete event;
  return success;
}
Result cuEventRecord(Event event, Stream stream) {
  return enqueue(stream, [=] { event->milliseconds = clockMilliseconds; });
}
Result cuEventSynchronize(Event) { return onlyStream ? drain(onlyStream) : success; }
Result cuEventElapsedTime(float *milliseconds, Event begin, Event end) {
  *milliseconds = static_cast<float>(end->milliseconds - begin->milliseconds);
  return success;
}

Result cuModuleLoadDataEx(Module *module, const void *image, unsigned, int *options, void **values) {
  static ModuleHandle handle;
  bool isPTX = std::strncmp(static_cast<const char *>(image), ".version", 8) == 0;
  const char *kind = isPTX ? "ptx" : "cubin";
  log("load %s%s", kind, isPTX ? static_cast<const char *>(image) + 8 : ""); // "load ptx 8.0"
  if (setting("FAKE_CUDA_IMAGES", "cubin,ptx").find(kind) == std::string::npos) {
    if (isPTX && options[0] == jitErrorLog)
      std::strcpy(static_cast<char *>(values[0]), "ptxas fatal: no such GPU\nsecond line");
    return isPTX ? errorInvalidPTX : errorNoBinaryForGPU;
  }
  *module = &handle;
  return fault("cuModuleLoadDataEx");
}
Result cuModuleUnload(Module) { return success; }
Result cuModuleGetFunction(Function *function, Module, const char *name) {
  *function = new FunctionHandle{name}; // as long as the process lives
  return fault("cuModuleGetFunction");
}
Result cuFuncSetAttribute(Function function, int attribute, int value) {
  if (attribute == functionMaximalDynamicSharedBytes)
    function->sharedBytes = value;
  log("kernel %s: %d bytes of shared memory", function->name.c_str(), value);
  return fault("cuFuncSetAttribute");
}

Result cuTensorMapEncodeTiled(TensorMap *map, int dataType, uint32_t rank, void *address, const uint64_t *sizes,
                              const uint64_t *strides, const uint32_t *box, const uint32_t *elementStrides,
                              int interleave, int swizzle, int promotion, int fill) {
  std::string text = "tensor map type " + std::to_string(dataType) + " sizes";
  for (uint32_t i = 0; i < rank; ++i)
    text += " " + std::to_string(sizes[i]);
  text += " strides";
  for (uint32_t i = 0; i + 1 < rank; ++i)
    text += " " + std::to_string(strides[i]);
  text += " box";
  for (uint32_t i = 0; i < rank; ++i) {
    text += " " + std::to_string(box[i]);
    if (elementStrides[i] != 1)
      return errorInvalidValue;
  }
  log("%s swizzle %d", text.c_str(), swizzle);
  if (interleave != 0 || fill != 0 || promotion < 0 || reinterpret_cast<uintptr_t>(map) % 64 ||
      reinterpret_cast<uintptr_t>(address) % 16)
    return errorInvalidValue;
  map->opaque[0] = reinterpret_cast<uint64_t>(address);
  return fault("cuTensorMapEncodeTiled");
}

Result cuLaunchKernelEx(const LaunchConfiguration *configuration, Function function, void **parameters, void **) {
  LaunchConfiguration grid = *configuration;
  unsigned cluster = 1;
  for (unsigned i = 0; i < grid.attributeCount; ++i)
    if (grid.attributes[i].id == launchClusterDimension)
      cluster = grid.attributes[i].value.clusterDimension.x;
  log("%s %s: %u x %u threads, cluster %u, %u bytes", grid.stream->capturing ? "capture" : "launch",
      function->name.c_str(), grid.gridX, grid.blockX, cluster, grid.sharedBytes);
  if (grid.gridX % cluster || grid.sharedBytes > static_cast<unsigned>(function->sharedBytes))
    return errorInvalidValue;
  if (Result result = fault("cuLaunchKernelEx"))
    return result;
  return enqueue(grid.stream, [=] {
    clockMilliseconds += 0.5;
    if (setting("FAKE_CUDA_FAIL", "") == function->name)
      sticky = errorIllegalAddress;
    else if (runKernel)
      runKernel(function->name.c_str(), parameters, grid.gridX);
  });
}

} // extern "C"
