//===- LowerTiles.h - from tiles, rings and products to single instructions ---------------------------------------===//
//
// The pass that makes `ptx` operations of the tile dialect.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_TILE_LOWERTILES_H
#define HADAL_CODEGEN_TILE_LOWERTILES_H

#include "mlir/Pass/Pass.h"

namespace hadal {

/// hadal-lower-tiles: tile operations to ptx, arith, scf and pointers.
#define GEN_PASS_DECL_LOWERTILES
#include "codegen/Passes.h.inc"

} // namespace hadal

#endif // HADAL_CODEGEN_TILE_LOWERTILES_H
