// Hand-written programs as programs for a GPU: the kernels are those of the CPU, which the fake driver calls with the
// blocks of the grid as their tasks.
#ifndef HADAL_TEST_RUNTIME_DEVICES_CUDA_GPUPROGRAM_H
#define HADAL_TEST_RUNTIME_DEVICES_CUDA_GPUPROGRAM_H

#include "test/runtime/ProgramBuilder.h"
#include "test/runtime/devices/cuda/FakeCuda.h"

#include <dlfcn.h>
#include <map>
#include <string>

namespace hadal::test {

class GPUProgram {
public:
  explicit GPUProgram(ProgramBuilder &builder) : builder(builder) {
    builder.program.target = "sm_90a";
    builder.program.images = images.data();
    builder.program.image_count = images.size();
    for (EntryBuilder &entry : builder.entryBuilders)
      for (hadal_launch &launch : entry.launches) {
        kernels()[launch.name] = {launch.function, launch.argument_count};
        launches.push_back({.symbol = launch.name,
                            .location = "bigram.mlir:12:3",
                            .function = nullptr,
                            .blocks = launch.tasks,
                            .threads = 128,
                            .cluster = 1,
                            .shared_bytes = 0,
                            .map_count = 0,
                            .maps = nullptr});
        launch.gpu = &launches.back();
        launch.function = nullptr;
        launch.grain = 1;
      }
    // The library that the runtime opens, too.
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    auto set = reinterpret_cast<decltype(&fakeCudaSetKernels)>(dlsym(library, "fakeCudaSetKernels"));
    set(call);
  }

  std::deque<hadal_gpu_launch> launches; // in the order of the program
  std::vector<hadal_image> images = {{"sm_90a", HADAL_PTX, ".version 8.0", 12}, {"sm_90a", HADAL_CUBIN, "a cubin", 7}};
  const struct hadal_program &build() { return builder.build(); }

private:
  struct Kernel {
    hadal_kernel function;
    uint32_t arguments;
  };
  static std::map<std::string, Kernel> &kernels() {
    static std::map<std::string, Kernel> all;
    return all;
  }
  static void call(const char *symbol, void **parameters, unsigned blocks) {
    const Kernel &kernel = kernels()[symbol];
    std::vector<void *> arguments;
    for (uint32_t i = 0; i < kernel.arguments; ++i)
      arguments.push_back(*static_cast<void **>(parameters[i]));
    alignas(64) static char scratch[1 << 16];
    kernel.function(arguments.data(), *static_cast<int64_t *>(parameters[kernel.arguments]), 0, blocks, scratch);
  }

  ProgramBuilder &builder;
};

} // namespace hadal::test

#endif // HADAL_TEST_RUNTIME_DEVICES_CUDA_GPUPROGRAM_H
