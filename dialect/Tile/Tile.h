//===- Tile.h - the tile dialect: the steps of tensor-core kernels ------------------------------------------------===//
//
// The one header to include for the dialect, its types and its operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_TILE_TILE_H
#define HADAL_DIALECT_TILE_TILE_H

#include "dialect/PTX/PTX.h"

#include "dialect/Tile/TileDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialect/Tile/TileTypes.h.inc"

#define GET_OP_CLASSES
#include "dialect/Tile/TileOps.h.inc"

#endif // HADAL_DIALECT_TILE_TILE_H
