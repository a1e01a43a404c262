//===- TileProduct.h - one block of a matrix product on AMX -------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_TILEPRODUCT_H
#define HADAL_CODEGEN_CPU_TILEPRODUCT_H

#include "codegen/CPU/BlockProduct.h"

namespace hadal {

/// What emitBlockProduct does with tiles of AMX: of factors in bf16 that lie in rows, or a B in panels of tiles.
void emitTileProduct(KernelBuilder &k, const ProductTiles &tiles, const BlockSource &lhs, const BlockSource &rhs,
                     const BlockExtent &extent, mlir::Value scratch, BlockEpilogue epilogue, BlockStart start);

/// Two tiles of A on top of each other, for the first step of the depth: the bytes from a row of a tile to the next,
/// from a step to the next, and from the upper tile to the lower one.
struct TileRows {
  mlir::Value base;
  int64_t rowBytes, stepBytes, lowerBytes;
};

/// C = A B, or C += A B, for a row of so many squares of two by two tiles. B's tiles are panels of `panelBytes` (as of
/// packTiles), two to a square; C's squares are dense, 32 rows of 32 numbers, one behind the other.
void emitSquareRow(KernelBuilder &k, const TileRows &a, mlir::Value b, int64_t panelBytes, mlir::Value c,
                   mlir::Value squares, mlir::Value steps, bool accumulates);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_TILEPRODUCT_H
