//===- PackTiles.h - copies of blocks of matrices as tiles of AMX -------------------------------------------------===//
//
// A block of A or B in bf16 is copied into panels of 16 rows (of A) or columns (of B), tile after tile along the depth:
//
//   A   16 rows of 32 numbers along the depth
//   B   16 rows, each of a pair of the depth: 16 columns of two neighbours along the depth
//
// Seen as pairs of 32 bits, a tile of B is a tile of A transposed. So there are two ways to read (pairs of neighbours
// in memory, or of two rows of memory, interleaved), and either serves A or B as it is, and the other one transposed.
//
// Nothing outside the block is read. Along the depth a tile is filled up with zeros; beyond the block's last row or
// column stand zeros, or copies of it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_PACKTILES_H
#define HADAL_CODEGEN_CPU_PACKTILES_H

#include "codegen/CPU/Packing.h"

namespace hadal {

/// Which factor's tiles are made.
enum class TileSide { A, B };

/// Copies `count` rows or columns (at least 1) of so much depth into panels `panelBytes` apart, an even number of them.
/// With `depthContiguous` memory rows, as `rows` numbers them, are rows of A or columns of B; otherwise they number the
/// depth.
void packTiles(KernelBuilder &k, TileSide side, mlir::Value destination, TypedPointer source, const RowNumbers &rows,
               bool depthContiguous, mlir::Value count, mlir::Value depth, mlir::Value panelBytes);

/// Copies `count` rows (at least 1) of so much depth, which are neighbours in memory, as rows `rowStride` numbers
/// apart: tiles of A can be loaded from there. Along the depth a row is filled up with zeros to whole tiles; the last
/// row is repeated up to a multiple of `multiple` rows.
void packTileRows(KernelBuilder &k, mlir::Value destination, TypedPointer source, const RowNumbers &rows,
                  mlir::Value count, mlir::Value depth, int64_t multiple, int64_t rowStride);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_PACKTILES_H
