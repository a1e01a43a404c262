//===- CPUStrategies.h - the families of strategies for CPUs ------------------------------------------------------===//
//
// Each function registers the strategies of one family; registerCPUStrategies calls them all, once.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_CPUSTRATEGIES_H
#define HADAL_CODEGEN_CPU_CPUSTRATEGIES_H

#include "codegen/Selection/Strategy.h"

namespace hadal {

/// Harmless when repeated.
void registerCPUStrategies();

void registerAttentionGradientStrategies();
void registerAttentionStrategies();
void registerContractionStrategies();
void registerBalanceLossStrategies();
void registerCacheStrategies();
void registerRouterStrategies();
void registerHeadStrategies();
void registerLatentAttentionStrategy();
void registerQuantizeWeightStrategy();
void registerRowwiseStrategies();
void registerReductionStrategies();
void registerRelayoutStrategy();
void registerRoutingStrategies();
void registerUpdateStrategies();

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_CPUSTRATEGIES_H
