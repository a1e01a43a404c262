//===- RegisterStrategies.cpp - the strategies that serve kernels on NVIDIA GPUs ----------------------------------===//
//
// The list of the GPU's strategies, one function per family of kernels. Of several that serve a kernel the first is
// taken: those for tensor cores stand before those of threads, which take any shape.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/GPUStrategies.h"

using namespace hadal;

void hadal::registerNVPTXStrategies() {
  static const bool registered = [] {
    registerTensorAttentionStrategy();
    registerTensorAttentionGradientStrategy();
    registerTensorContractionStrategy();
    registerTensorHeadStrategy();
    registerTensorLatentAttentionStrategy();
    registerGPUBalanceLossStrategies();
    registerGPUCacheStrategies();
    registerGPUDispatchStrategy();
    registerGPUEmbeddingGradientStrategy();
    registerGPUReductionStrategies();
    registerGPURouterStrategies();
    registerGPURoutingStrategies();
    registerGPURowwiseStrategies();
    registerGPUUpdateStrategies();
    // Products by threads take any shape: what serves some shapes better stands before them.
    registerThreadAttentionGradientStrategy();
    registerThreadAttentionStrategy();
    registerThreadContractionStrategy();
    registerThreadHeadStrategy();
    registerThreadLatentAttentionStrategy();
    return true;
  }();
  (void)registered;
}
