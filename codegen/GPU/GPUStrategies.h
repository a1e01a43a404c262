//===- GPUStrategies.h - the families of strategies for NVIDIA GPUs -----------------------------------------------===//
//
// Each function registers the strategies of one family; registerNVPTXStrategies calls them all, once.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_GPUSTRATEGIES_H
#define HADAL_CODEGEN_GPU_GPUSTRATEGIES_H

#include "codegen/Selection/Strategy.h"

namespace hadal {

/// Harmless when repeated.
void registerNVPTXStrategies();

void registerGPUBalanceLossStrategies();
void registerGPUCacheStrategies();
void registerGPUDispatchStrategy();
void registerGPUEmbeddingGradientStrategy();
void registerGPUReductionStrategies();
void registerGPURouterStrategies();
void registerGPURoutingStrategies();
void registerGPURowwiseStrategies();
void registerGPUUpdateStrategies();
void registerTensorAttentionStrategy();
void registerTensorAttentionGradientStrategy();
void registerTensorContractionStrategy();
void registerTensorHeadStrategy();
void registerTensorLatentAttentionStrategy();
void registerThreadAttentionGradientStrategy();
void registerThreadAttentionStrategy();
void registerThreadContractionStrategy();
void registerThreadHeadStrategy();
void registerThreadLatentAttentionStrategy();

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_GPUSTRATEGIES_H
