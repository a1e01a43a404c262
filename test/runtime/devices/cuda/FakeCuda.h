// What a test and the fake driver say to each other.
#ifndef HADAL_TEST_RUNTIME_DEVICES_CUDA_FAKECUDA_H
#define HADAL_TEST_RUNTIME_DEVICES_CUDA_FAKECUDA_H

/// Runs a kernel: its symbol, the addresses of its parameters, and its blocks.
using fake_cuda_kernel = void (*)(const char *symbol, void **parameters, unsigned blocks);

extern "C" void fakeCudaSetKernels(fake_cuda_kernel kernels);

#endif // HADAL_TEST_RUNTIME_DEVICES_CUDA_FAKECUDA_H
