// Choice of a GPU, loading of code, kernels by name, tensor maps.
#include "runtime/devices/cuda/KernelModule.h"

#include <algorithm>
#include <array>

namespace hadal::cuda {

//===----------------------------------------------------------------------===//
// Which GPU
//===----------------------------------------------------------------------===//

static std::string listGPUs(const std::vector<GPU> &gpus) {
  std::string text;
  for (size_t i = 0; i < gpus.size(); ++i)
    text += concat(i ? ", " : "", "cuda:", i, " ", gpus[i].describe());
  return text;
}

const GPU &chooseGPU(const Program &program, std::optional<int> ordinal) {
  const std::vector<GPU> &gpus = Driver::get().gpus();
  Capability needed = Capability::ofTarget(program->target);
  if (gpus.empty())
    fail(HADAL_EXIT_NO_DEVICE, "this machine has no NVIDIA GPU that the process may use (",
         Driver::get().describeVersion(), "); the program was compiled for ", program->target);
  if (ordinal && (*ordinal < 0 || *ordinal >= static_cast<int>(gpus.size())))
    fail(HADAL_EXIT_COMMAND_LINE, "there is no GPU cuda:", *ordinal, "; there are: ", listGPUs(gpus));
  if (!ordinal) {
    // One that the code was assembled for, or else the first for which the driver can translate it.
    auto found = std::ranges::find_if(gpus, [&](const GPU &gpu) { return gpu.capability == needed; });
    if (found == gpus.end())
      found = std::ranges::find_if(gpus, [&](const GPU &gpu) { return needed < gpu.capability; });
    ordinal = found == gpus.end() ? 0 : static_cast<int>(found - gpus.begin());
  }
  const GPU &gpu = gpus[static_cast<size_t>(*ordinal)];
  if (gpu.capability < needed)
    fail(HADAL_EXIT_NO_DEVICE, "cuda:", *ordinal, ", ", gpu.describe(), ", is older than the program's target ",
         program->target, " (compute capability ", needed.text(), "); GPUs of this machine: ", listGPUs(gpus));
  return gpu;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

namespace {

/// One try to load an image, with what the driver's compiler has to say about it.
struct LoadAttempt {
  Result result = success;
  std::string log;

  LoadAttempt(const void *image, OwnedModule &module) {
    std::array<char, 4096> text = {};
    int options[] = {jitErrorLog, jitErrorLogBytes};
    void *values[] = {text.data(), reinterpret_cast<void *>(text.size() - 1)};
    result = Driver::get()->moduleLoad(module.receive(), image, 2, options, values);
    log = text.data();
    if (size_t end = log.find('\n'); end != std::string::npos)
      log.resize(end);
  }
};

} // namespace

/// The images that a GPU can be given, the best first: cubins of its own architecture, then PTX from the newest
/// architecture down to the oldest. Whether the driver takes it for a newer GPU than it was written for, the driver
/// says.
static std::vector<const hadal_image *> rankImages(const Program &program, const GPU &gpu) {
  std::vector<const hadal_image *> images;
  auto capability = [](const hadal_image *image) { return Capability::ofTarget(image->architecture); };
  for (const hadal_image &image : program.images())
    if (image.kind == HADAL_CUBIN ? capability(&image) == gpu.capability : !(gpu.capability < capability(&image)))
      images.push_back(&image);
  std::ranges::sort(images, [&](const hadal_image *first, const hadal_image *second) {
    return first->kind != second->kind ? first->kind < second->kind : capability(second) < capability(first);
  });
  return images;
}

KernelModule::KernelModule(const Program &program, const GPU &gpu) : program(program) {
  Capability needed = Capability::ofTarget(program->target);
  const Driver &driver = Driver::get();
  Result result = errorNoBinaryForGPU;
  std::string log; // of the last image, which is the most general
  for (const hadal_image *image : rankImages(program, gpu)) {
    LoadAttempt attempt(image->bytes, module);
    if (attempt.result == success)
      return;
    result = attempt.result;
    log = attempt.log;
  }
  if (result == errorOutOfMemory)
    driver.check(result, "loading the program's code on ", gpu.describe());
  if (needed.specific && !(gpu.capability == needed))
    fail(HADAL_EXIT_NO_DEVICE, "the program was compiled for ", program->target,
         ", whose instructions only GPUs of compute capability ", needed.text(), " have, not ", gpu.describe(),
         "; the driver says: ", driver.describe(result));
  fail(HADAL_EXIT_NO_DEVICE, "the NVIDIA driver (", driver.describeVersion(), ") cannot load the program's code for ",
       program->target, ": ", driver.describe(result), log.empty() ? "" : ", ", log, "; install a newer driver");
}

Function KernelModule::function(const hadal_gpu_launch &launch) {
  const Driver &driver = Driver::get();
  Kernel &kernel = kernels[launch.symbol];
  if (!kernel.function)
    driver.check(driver->moduleGetFunction(&kernel.function, module.get(), launch.symbol), "the kernel '",
                 launch.symbol, "' (", launch.location, ") is not in the program's code for ", program->target);
  if (launch.shared_bytes > kernel.sharedBytes) {
    driver.check(driver->functionSetAttribute(kernel.function, functionMaximalDynamicSharedBytes,
                                              static_cast<int>(launch.shared_bytes)),
                 "the kernel '", launch.symbol, "' (", launch.location, ") cannot have ", launch.shared_bytes,
                 " bytes of shared memory");
    kernel.sharedBytes = launch.shared_bytes;
  }
  return kernel.function;
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

static int mapDataType(uint32_t elementType) {
  switch (elementType) {
  case HADAL_F32:
    return mapFloat32;
  case HADAL_I32:
    return mapInt32;
  case HADAL_BF16:
    return mapBFloat16;
  case HADAL_F16:
    return mapFloat16;
  default:
    return mapUInt8; // eight-bit floats are moved as bytes
  }
}

TensorMap encodeTensorMap(const hadal_tensor_map &map, DevicePointer argument, const std::string &what) {
  std::array<uint64_t, HADAL_TENSOR_MAP_RANK> sizes{}, strides{};
  std::array<uint32_t, HADAL_TENSOR_MAP_RANK> box{}, elementStrides;
  elementStrides.fill(1);
  for (uint32_t i = 0; i < map.rank; ++i) {
    sizes[i] = static_cast<uint64_t>(map.sizes[i]);
    box[i] = static_cast<uint32_t>(map.box[i]);
    if (i > 0) // the driver is not told of dimension 0, which is contiguous
      strides[i - 1] = static_cast<uint64_t>(map.strides[i]);
  }
  const Driver &driver = Driver::get();
  TensorMap encoded;
  driver.check(driver->tensorMapEncodeTiled(&encoded, mapDataType(map.element_type), map.rank,
                                            reinterpret_cast<void *>(argument + map.offset), sizes.data(),
                                            strides.data(), box.data(), elementStrides.data(), /*interleave=*/0,
                                            static_cast<int>(map.swizzle), mapPromotion256Bytes, /*fill=*/0),
               what, " cannot be encoded");
  return encoded;
}

} // namespace hadal::cuda
