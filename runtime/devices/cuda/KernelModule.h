// The code of a program on a GPU: the best of its images, which is a cubin for that very GPU, or else the PTX that the
// driver has least to translate of.
#ifndef HADAL_RUNTIME_DEVICES_CUDA_KERNELMODULE_H
#define HADAL_RUNTIME_DEVICES_CUDA_KERNELMODULE_H

#include "runtime/core/Program.h"
#include "runtime/devices/cuda/Resources.h"

#include <map>

namespace hadal::cuda {

/// Picks the GPU that a program runs on: the one of that number, or the first that can run it. Fails when there is no
/// such GPU or it is older than the program's target.
const GPU &chooseGPU(const Program &program, std::optional<int> ordinal);

class KernelModule {
public:
  /// Loads the code into the current context.
  KernelModule(const Program &program, const GPU &gpu);

  /// The kernel of a launch, allowed to use the shared memory that its launches ask for.
  Function function(const hadal_gpu_launch &launch);

private:
  struct Kernel {
    Function function = nullptr;
    uint32_t sharedBytes = 0;
  };

  const Program &program;
  OwnedModule module;
  std::map<std::string_view, Kernel> kernels;
};

/// The launch's tensor map for an argument at this address.
TensorMap encodeTensorMap(const hadal_tensor_map &map, DevicePointer argument, const std::string &what);

} // namespace hadal::cuda

#endif // HADAL_RUNTIME_DEVICES_CUDA_KERNELMODULE_H
