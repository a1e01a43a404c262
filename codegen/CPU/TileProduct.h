//===- TileProduct.h - one block of a matrix product on AMX -------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_TILEPRODUCT_H
#define HADAL_CODEGEN_CPU_TILEPRODUCT_H

#include "codegen/CPU/BlockProduct.h"

namespace hadal {

/// What emitBlockProduct does with tiles of AMX: of factors in bf16 that lie in rows, or a B in panels of tiles.
void emitTileProduct(KernelBuilder &k, const ProductTiles &tiles, const BlockSource &lhs, const BlockSource &rhs,
                     const BlockExtent &extent, mlir::Value scratch, BlockEpilogue epilogue, BlockStart start);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_TILEPRODUCT_H
