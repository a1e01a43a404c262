//===- TileBlocks.h - blocks of matrix products on AMX ------------------------------------------------------------===//
//
// A task computes a block of C in squares of two by two tiles (codegen/CPU/TileProduct.cpp). Its arithmetic is that of
// register tiles for factors in bf16, so both compete by predicted time.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_TILEBLOCKS_H
#define HADAL_CODEGEN_SELECTION_CPU_TILEBLOCKS_H

#include "codegen/Selection/CPU/ProductTiles.h"

namespace hadal {

/// Blocks with their predicted times, in the order in which they are tried: for factors in bf16, on a CPU with tiles.
llvm::SmallVector<ProductCandidate, 0> proposeTileBlocks(const ProductShape &shape, const TargetDescription &target);
/// The fastest of them; of equal ones the first.
ProductCandidate chooseTileBlocks(const ProductShape &shape, const TargetDescription &target);

/// Whether the block fits a core's cache.
mlir::LogicalResult checkTileBlocks(choices::TileBlocksAttr blocks, const ProductShape &shape,
                                    const TargetDescription &target, EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_TILEBLOCKS_H
