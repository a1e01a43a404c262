//===- ContractionBlocks.h - blocks of contraction kernels on CPUs ------------------------------------------------===//
#ifndef HADAL_CODEGEN_STRATEGIES_CONTRACTIONBLOCKS_H
#define HADAL_CODEGEN_STRATEGIES_CONTRACTIONBLOCKS_H

#include "codegen/Anatomy/Contraction.h"
#include "codegen/Strategies/ProductTiles.h"

namespace hadal {

/// Chooses tiles and the order of tasks.
void selectContraction(const Contraction &contraction, const TargetDescription &target,
                       KernelConfiguration &configuration);

} // namespace hadal

#endif // HADAL_CODEGEN_STRATEGIES_CONTRACTIONBLOCKS_H
