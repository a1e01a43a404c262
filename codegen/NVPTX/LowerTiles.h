//===- LowerTiles.h - from tiles, rings and products to single instructions ---------------------------------------===//
//
// The pass that makes `ptx` operations of the tile dialect.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_NVPTX_LOWERTILES_H
#define HADAL_CODEGEN_NVPTX_LOWERTILES_H

#include "mlir/Pass/Pass.h"

namespace hadal {

/// hadal-lower-tiles: tile operations to ptx, arith, scf and pointers.
std::unique_ptr<mlir::Pass> createLowerTilesPass();
void registerLowerTilesPass();

} // namespace hadal

#endif // HADAL_CODEGEN_NVPTX_LOWERTILES_H
