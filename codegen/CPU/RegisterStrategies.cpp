//===- RegisterStrategies.cpp - the strategies that serve kernels on CPUs -----------------------------------------===//
//
// The list of the CPU's strategies, one function per family of kernels.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/CPUStrategies.h"

using namespace hadal;

void hadal::registerCPUStrategies() {
  static const bool registered = [] {
    registerAttentionGradientStrategies();
    registerAttentionStrategies();
    registerLatentAttentionStrategy();
    registerContractionStrategies();
    registerHeadStrategies();
    registerRowwiseStrategies();
    registerReductionStrategies();
    registerRelayoutStrategy();
    registerQuantizeWeightStrategy();
    registerBalanceLossStrategies();
    registerCacheStrategies();
    registerRouterStrategies();
    registerRoutingStrategies();
    registerUpdateStrategies();
    return true;
  }();
  (void)registered;
}
