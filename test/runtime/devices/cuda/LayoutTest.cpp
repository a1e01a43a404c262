// The runtime's own declarations of the driver's interface, held against NVIDIA's where <cuda.h> is installed: the
// numbers and layouts at compile time, the names of the functions by naming each.
#include "runtime/devices/cuda/DriverAPI.h"

#include <cuda.h>
#include <type_traits>

namespace hadal::cuda {

static_assert(success == CUDA_SUCCESS && errorOutOfMemory == CUDA_ERROR_OUT_OF_MEMORY &&
              errorStubLibrary == CUDA_ERROR_STUB_LIBRARY && errorNoDevice == CUDA_ERROR_NO_DEVICE &&
              errorInvalidImage == CUDA_ERROR_INVALID_IMAGE && errorNoBinaryForGPU == CUDA_ERROR_NO_BINARY_FOR_GPU &&
              errorInvalidPTX == CUDA_ERROR_INVALID_PTX &&
              errorUnsupportedPTXVersion == CUDA_ERROR_UNSUPPORTED_PTX_VERSION &&
              errorSystemDriverMismatch == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
static_assert(attributeCapabilityMajor == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR &&
              attributeCapabilityMinor == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR &&
              functionMaximalDynamicSharedBytes == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES &&
              jitErrorLog == CU_JIT_ERROR_LOG_BUFFER && jitErrorLogBytes == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES &&
              streamNonBlocking == CU_STREAM_NON_BLOCKING &&
              captureThreadLocal == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL &&
              launchClusterDimension == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
static_assert(mapUInt8 == CU_TENSOR_MAP_DATA_TYPE_UINT8 && mapInt32 == CU_TENSOR_MAP_DATA_TYPE_INT32 &&
              mapFloat16 == CU_TENSOR_MAP_DATA_TYPE_FLOAT16 && mapFloat32 == CU_TENSOR_MAP_DATA_TYPE_FLOAT32 &&
              mapBFloat16 == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 &&
              mapPromotion256Bytes == CU_TENSOR_MAP_L2_PROMOTION_L2_256B);
static_assert(CU_TENSOR_MAP_SWIZZLE_NONE == 0 && CU_TENSOR_MAP_SWIZZLE_32B == 1 && CU_TENSOR_MAP_SWIZZLE_64B == 2 &&
              CU_TENSOR_MAP_SWIZZLE_128B == 3 && CU_TENSOR_MAP_INTERLEAVE_NONE == 0 &&
              CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE == 0);

static_assert(sizeof(TensorMap) == sizeof(CUtensorMap) && alignof(TensorMap) >= alignof(CUtensorMap));
static_assert(sizeof(LaunchAttribute) == sizeof(CUlaunchAttribute) &&
              offsetof(LaunchAttribute, value) == offsetof(CUlaunchAttribute, value));
static_assert(sizeof(LaunchConfiguration) == sizeof(CUlaunchConfig) &&
              offsetof(LaunchConfiguration, blockX) == offsetof(CUlaunchConfig, blockDimX) &&
              offsetof(LaunchConfiguration, sharedBytes) == offsetof(CUlaunchConfig, sharedMemBytes) &&
              offsetof(LaunchConfiguration, stream) == offsetof(CUlaunchConfig, hStream) &&
              offsetof(LaunchConfiguration, attributes) == offsetof(CUlaunchConfig, attrs) &&
              offsetof(LaunchConfiguration, attributeCount) == offsetof(CUlaunchConfig, numAttrs));
static_assert(sizeof(DevicePointer) == sizeof(CUdeviceptr) && sizeof(DeviceNumber) == sizeof(CUdevice));

} // namespace hadal::cuda
