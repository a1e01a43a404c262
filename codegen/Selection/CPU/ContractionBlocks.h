//===- ContractionBlocks.h - blocks of contraction kernels on CPUs ------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_CONTRACTIONBLOCKS_H
#define HADAL_CODEGEN_SELECTION_CPU_CONTRACTIONBLOCKS_H

#include "codegen/Anatomy/Contraction.h"
#include "codegen/Selection/CPU/ProductTiles.h"

namespace hadal {

/// Chooses tiles and the order of tasks.
void selectContraction(const Contraction &contraction, const TargetDescription &target,
                       KernelConfiguration &configuration);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_CONTRACTIONBLOCKS_H
