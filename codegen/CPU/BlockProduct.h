//===- BlockProduct.h - one block of a matrix product -------------------------------------------------------------===//
//
// Emits what a task of a contraction does, and what attention and the head do inside theirs: pack the blocks of A and B
// part by part along the depth, run the micro-kernel over their panels, and hand every vector of the finished block to
// an epilogue, which stores it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_BLOCKPRODUCT_H
#define HADAL_CODEGEN_CPU_BLOCKPRODUCT_H

#include "codegen/Anatomy/Contraction.h"
#include "codegen/CPU/CodeKernel.h"
#include "codegen/CPU/MicroKernel.h"
#include "codegen/CPU/Packing.h"
#include "codegen/Selection/CPU/ProductTiles.h"

namespace hadal {

/// A block of a matrix in memory, from its first element. With `depthContiguous` a memory row holds neighbours along
/// the depth (and `rows` numbers the rows of A or the columns of B); otherwise `rows` numbers the depth. A B that lies
/// packed is read where it lies, from its first panel on.
struct BlockSource {
  TypedPointer base;
  RowNumbers rows;
  bool depthContiguous;
  /// Of packed panels, of f32 or of pairs of bf16: elements from a panel to the next, and from a depth (a depth block's
  /// first) to the next; else 0.
  int64_t panelStride = 0, panelDepthStride = 0;
  /// Of a B in codes, whose elements are bytes: its scales, of the matrix as a whole, and which column the block begins
  /// with.
  std::optional<CodeFormat> codes = std::nullopt;
  mlir::Value scales = {}, column = {};
  int64_t groups = 0;

  bool isPacked() const { return panelStride > 0; }
};

/// A B that lies in panels, as the operand says, from a column on that begins one. `columns` and `depth` are those of
/// the whole matrix.
BlockSource packedSource(KernelBuilder &k, TypedPointer base, const ContractionOperand &operand, int64_t columns,
                         int64_t depth, mlir::Value column);

/// A B in codes, as the operand says, from a column on that begins a panel: matrix number `batch` (null: the only one)
/// of columns × depth.
struct CodedExtent {
  int64_t columns, depth;
};
BlockSource codedSource(KernelBuilder &k, mlir::Value codes, mlir::Value scales, const ContractionOperand &operand,
                        CodedExtent extent, mlir::Value batch, mlir::Value column);

/// The source from depth `depth` on, and where its rows are those of the block, from row `row` on.
BlockSource advanceDepth(KernelBuilder &k, BlockSource source, mlir::Value depth);
BlockSource advanceRows(KernelBuilder &k, BlockSource source, mlir::Value row);

/// Gets the row and the column within the block, the vector of the product there, and its mask (null: all lanes).
using BlockEpilogue = llvm::function_ref<void(mlir::Value row, mlir::Value column, mlir::Value sum, mlir::Value mask)>;

/// Gets the row and the column within the block of a vector that the epilogue is called for soon, and asks for the
/// memory that it will read and write there (KernelBuilder::prefetch).
using BlockPrefetch = llvm::function_ref<void(mlir::Value row, mlir::Value column)>;

/// Gets the row and the column within the block and its mask (null: all lanes), and loads what the blocks of the depth
/// are added to there; null where they are added to nothing.
using BlockStart = llvm::function_ref<mlir::Value(mlir::Value row, mlir::Value column, mlir::Value mask)>;

/// The extent of a block.
struct BlockExtent {
  mlir::Value rows, columns, depth;
  /// A number that is known to divide `columns`: spares the masks of the last vector.
  int64_t columnMultiple = 1;
  /// Whether the depth may exceed one depth block.
  bool depthIsCut = true;
};

/// Emits the product of one block of at least one row and one column. A depth of 0 gives zeros. `scratch` holds
/// ProductTiles::scratch elements.
void emitBlockProduct(KernelBuilder &k, const ProductTiles &tiles, const BlockSource &lhs, const BlockSource &rhs,
                      const BlockExtent &extent, mlir::Value scratch, BlockEpilogue epilogue, BlockStart start = {},
                      BlockPrefetch prefetch = {});

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_BLOCKPRODUCT_H
