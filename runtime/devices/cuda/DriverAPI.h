// The part of NVIDIA's driver interface (libcuda.so.1) that this runtime calls, declared here so that building the
// runtime needs no CUDA headers: names, numbers and layouts are those of the CUDA Driver API, and
// test/runtime/devices/cuda/LayoutTest.cpp compares them with <cuda.h> where that is installed. `CudaFunctions` holds
// the addresses of the functions; Driver.cpp fills it from the library.
#ifndef HADAL_RUNTIME_DEVICES_CUDA_DRIVERAPI_H
#define HADAL_RUNTIME_DEVICES_CUDA_DRIVERAPI_H

#include <cstddef>
#include <cstdint>

namespace hadal::cuda {

using Result = int;
using DeviceNumber = int;
using DevicePointer = unsigned long long;
using Context = struct ContextHandle *;
using Module = struct ModuleHandle *;
using Function = struct FunctionHandle *;
using Stream = struct StreamHandle *;
using Event = struct EventHandle *;
using Graph = struct GraphHandle *;
using ExecutableGraph = struct ExecutableGraphHandle *;

/// CUresult: those that are told apart.
inline constexpr Result success = 0, errorOutOfMemory = 2, errorStubLibrary = 34, errorNoDevice = 100,
                        errorInvalidImage = 200, errorNoBinaryForGPU = 209, errorInvalidPTX = 218,
                        errorUnsupportedPTXVersion = 222, errorSystemDriverMismatch = 803;

/// CUdevice_attribute, CUfunction_attribute, CUjit_option, CUstream_flags, CUstreamCaptureMode, CUlaunchAttributeID.
inline constexpr int attributeCapabilityMajor = 75, attributeCapabilityMinor = 76;
inline constexpr int functionMaximalDynamicSharedBytes = 8;
inline constexpr int jitErrorLog = 5, jitErrorLogBytes = 6;
inline constexpr unsigned streamNonBlocking = 1;
inline constexpr int captureThreadLocal = 1;
inline constexpr int launchClusterDimension = 4;

/// CUtensorMapDataType, CUtensorMapL2promotion.
inline constexpr int mapUInt8 = 0, mapInt32 = 3, mapFloat16 = 6, mapFloat32 = 7, mapBFloat16 = 9;
inline constexpr int mapPromotion256Bytes = 3;

/// CUtensorMap: opaque, passed to kernels by value; aligned to 64 bytes in CUDA 12 and to 128 since.
struct alignas(128) TensorMap {
  uint64_t opaque[16];
};

/// CUlaunchAttribute, of whose values only the cluster's dimensions are used.
struct LaunchAttribute {
  int id;
  alignas(8) union {
    char padding[64];
    struct {
      unsigned x, y, z;
    } clusterDimension;
  } value;
};

/// CUlaunchConfig.
struct LaunchConfiguration {
  unsigned gridX, gridY, gridZ;
  unsigned blockX, blockY, blockZ;
  unsigned sharedBytes;
  Stream stream;
  LaunchAttribute *attributes;
  unsigned attributeCount;
};

/// The functions, by the names under which the library exports them; FUNCTION(field, symbol, parameters).
#define HADAL_CUDA_FUNCTIONS(FUNCTION)                                                                                 \
  FUNCTION(initialize, "cuInit", (unsigned flags))                                                                     \
  FUNCTION(driverGetVersion, "cuDriverGetVersion", (int *version))                                                     \
  FUNCTION(getErrorName, "cuGetErrorName", (Result error, const char **text))                                          \
  FUNCTION(getErrorString, "cuGetErrorString", (Result error, const char **text))                                      \
  FUNCTION(deviceGetCount, "cuDeviceGetCount", (int *count))                                                           \
  FUNCTION(deviceGet, "cuDeviceGet", (DeviceNumber * device, int ordinal))                                             \
  FUNCTION(deviceGetName, "cuDeviceGetName", (char *name, int length, DeviceNumber device))                            \
  FUNCTION(deviceGetAttribute, "cuDeviceGetAttribute", (int *value, int attribute, DeviceNumber device))               \
  FUNCTION(deviceTotalMemory, "cuDeviceTotalMem_v2", (size_t * bytes, DeviceNumber device))                            \
  FUNCTION(primaryContextRetain, "cuDevicePrimaryCtxRetain", (Context * context, DeviceNumber device))                 \
  FUNCTION(primaryContextRelease, "cuDevicePrimaryCtxRelease_v2", (DeviceNumber device))                               \
  FUNCTION(contextSetCurrent, "cuCtxSetCurrent", (Context context))                                                    \
  FUNCTION(memoryGetInfo, "cuMemGetInfo_v2", (size_t * free, size_t * total))                                          \
  FUNCTION(memoryAllocate, "cuMemAlloc_v2", (DevicePointer * pointer, size_t bytes))                                   \
  FUNCTION(memoryFree, "cuMemFree_v2", (DevicePointer pointer))                                                        \
  FUNCTION(memoryAllocateHost, "cuMemAllocHost_v2", (void **pointer, size_t bytes))                                    \
  FUNCTION(memoryFreeHost, "cuMemFreeHost", (void *pointer))                                                           \
  FUNCTION(memset8Async, "cuMemsetD8Async", (DevicePointer to, unsigned char value, size_t bytes, Stream stream))      \
  FUNCTION(memset16Async, "cuMemsetD16Async", (DevicePointer to, unsigned short value, size_t elements, Stream stream)) \
  FUNCTION(memset32Async, "cuMemsetD32Async", (DevicePointer to, unsigned value, size_t elements, Stream stream))       \
  FUNCTION(copyAsync, "cuMemcpyDtoDAsync_v2", (DevicePointer to, DevicePointer from, size_t bytes, Stream stream))     \
  FUNCTION(copyToDeviceAsync, "cuMemcpyHtoDAsync_v2",                                                                  \
           (DevicePointer to, const void *from, size_t bytes, Stream stream))                                          \
  FUNCTION(copyToHostAsync, "cuMemcpyDtoHAsync_v2", (void *to, DevicePointer from, size_t bytes, Stream stream))       \
  FUNCTION(streamCreate, "cuStreamCreate", (Stream * stream, unsigned flags))                                          \
  FUNCTION(streamDestroy, "cuStreamDestroy_v2", (Stream stream))                                                       \
  FUNCTION(streamSynchronize, "cuStreamSynchronize", (Stream stream))                                                  \
  FUNCTION(streamBeginCapture, "cuStreamBeginCapture_v2", (Stream stream, int mode))                                   \
  FUNCTION(streamEndCapture, "cuStreamEndCapture", (Stream stream, Graph * graph))                                     \
  FUNCTION(graphInstantiate, "cuGraphInstantiateWithFlags",                                                            \
           (ExecutableGraph * executable, Graph graph, unsigned long long flags))                                      \
  FUNCTION(graphLaunch, "cuGraphLaunch", (ExecutableGraph executable, Stream stream))                                  \
  FUNCTION(graphDestroy, "cuGraphDestroy", (Graph graph))                                                              \
  FUNCTION(executableGraphDestroy, "cuGraphExecDestroy", (ExecutableGraph executable))                                 \
  FUNCTION(eventCreate, "cuEventCreate", (Event * event, unsigned flags))                                              \
  FUNCTION(eventDestroy, "cuEventDestroy_v2", (Event event))                                                           \
  FUNCTION(eventRecord, "cuEventRecord", (Event event, Stream stream))                                                 \
  FUNCTION(eventSynchronize, "cuEventSynchronize", (Event event))                                                      \
  FUNCTION(eventElapsedTime, "cuEventElapsedTime", (float *milliseconds, Event begin, Event end))                      \
  FUNCTION(moduleLoad, "cuModuleLoadDataEx",                                                                           \
           (Module * module, const void *image, unsigned optionCount, int *options, void **values))                    \
  FUNCTION(moduleUnload, "cuModuleUnload", (Module module))                                                            \
  FUNCTION(moduleGetFunction, "cuModuleGetFunction", (Function * function, Module module, const char *name))           \
  FUNCTION(functionSetAttribute, "cuFuncSetAttribute", (Function function, int attribute, int value))                  \
  FUNCTION(tensorMapEncodeTiled, "cuTensorMapEncodeTiled",                                                             \
           (TensorMap * map, int dataType, uint32_t rank, void *address, const uint64_t *sizes,                        \
            const uint64_t *strides, const uint32_t *box, const uint32_t *elementStrides, int interleave, int swizzle, \
            int promotion, int fill))                                                                                  \
  FUNCTION(launchKernel, "cuLaunchKernelEx",                                                                           \
           (const LaunchConfiguration *configuration, Function function, void **parameters, void **extra))

struct CudaFunctions {
#define HADAL_CUDA_FIELD(field, symbol, parameters) Result(*field) parameters = nullptr;
  HADAL_CUDA_FUNCTIONS(HADAL_CUDA_FIELD)
#undef HADAL_CUDA_FIELD
};

} // namespace hadal::cuda

#endif // HADAL_RUNTIME_DEVICES_CUDA_DRIVERAPI_H
