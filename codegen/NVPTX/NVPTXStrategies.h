//===- NVPTXStrategies.h - the families of strategies for NVIDIA GPUs ---------------------------------------------===//
//
// Each function registers the strategies of one family; registerNVPTXStrategies calls them all, once.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_NVPTX_NVPTXSTRATEGIES_H
#define HADAL_CODEGEN_NVPTX_NVPTXSTRATEGIES_H

#include "codegen/Strategies/Strategy.h"

namespace hadal {

void registerGPUBalanceLossStrategies();
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
void registerThreadAttentionGradientStrategy();
void registerThreadAttentionStrategy();
void registerThreadContractionStrategy();
void registerThreadHeadStrategy();

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_NVPTXSTRATEGIES_H
