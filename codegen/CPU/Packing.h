//===- Packing.h - copies of blocks of matrices in the order in which micro-kernels read them ---------------------===//
//
// A block of a matrix is copied into panels before it is multiplied: a panel holds the rows (of A) or columns (of B) of
// one register tile, so that a micro-kernel reads memory in order and a ragged edge is dealt with once. Three copies
// serve all products, named by how the block lies in memory:
//
//   rows        elements along the depth are neighbours, and stay so: A of x Wᵀ and dy W.       [panel][row][depth]
//   transposed  elements along the depth are neighbours, and columns shall be: B of x Wᵀ. [panel][depth][column]
//   columns     rows (A) or columns (B) of the tile are neighbours already: both sides of dyᵀ x. [panel][depth][column]
//
// A block may hold narrower numbers than f32; its copy is f32.
//
// Nothing outside the block is read. What a panel holds beyond the block's edge is a copy of the last row or zero along
// the tile (results that are never stored), and zero along the depth up to the multiple that the micro-kernel takes at
// a time.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_PACKING_H
#define HADAL_CODEGEN_CPU_PACKING_H

#include "codegen/CPU/MicroKernel.h"

namespace hadal {

/// How the memory rows of a block are numbered: row r lies `stride` elements after row r-1, or, with `indices` (i32),
/// at stride · (indices[r] / divisor).
struct RowNumbers {
  mlir::Value stride;
  mlir::Value indices = {};
  int64_t divisor = 1;
};

/// Address of the memory row with this number.
TypedPointer rowAddress(KernelBuilder &k, TypedPointer source, const RowNumbers &rows, mlir::Value number);

/// Transposes `lanes` vectors of `lanes` elements of 32 bits: 4 by 4 within 128 bits by two rounds of unpacking, then
/// the 128-bit blocks among themselves.
llvm::SmallVector<mlir::Value> transposeSquare(KernelBuilder &k, llvm::ArrayRef<mlir::Value> rows);

/// Copies `count` rows (at least 1) of `depth` elements into panels of `panelRows` rows, each row `rowStride` elements
/// after the one before; the last panel repeats the last row. `multiple`, here and below: of what depth a panel has.
/// `following`: so many rows of the same depth behind these are packed next, and are asked for already (null: none).
void packRows(KernelBuilder &k, mlir::Value destination, TypedPointer source, const RowNumbers &rows, mlir::Value count,
              mlir::Value depth, int64_t panelRows, int64_t rowStride, int64_t multiple = microKernelUnroll,
              mlir::Value following = {});

/// Copies `count` rows (at least 1) of `depth` elements transposed: panels of `vectors` vectors, `panelStride` elements
/// apart.
void packTransposed(KernelBuilder &k, mlir::Value destination, TypedPointer source, const RowNumbers &rows,
                    mlir::Value count, mlir::Value depth, int64_t vectors, int64_t panelStride,
                    int64_t multiple = microKernelUnroll);

/// Copies `depth` rows of `count` elements into panels of `width` columns (stored `storedWidth` apart, a multiple of
/// the lanes), `panelStride` elements apart.
void packColumns(KernelBuilder &k, mlir::Value destination, TypedPointer source, const RowNumbers &rows,
                 mlir::Value count, mlir::Value depth, int64_t width, int64_t storedWidth, int64_t panelStride,
                 int64_t multiple = microKernelUnroll);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_PACKING_H
