//===- MatrixCopy.h - a copy of a matrix for the kernels that read it otherwise -----------------------------------===//
//
// A tensor that lies row by row, as matrices of its last two dimensions, is copied into what products read: panels of
// f32, bf16 in rows, bf16 in the tiles of AMX, of the matrix or of its transpose. Whoever has just made some rows hands
// them over while they are in a cache:
//
//   MatrixPieces pieces(type, target);                       // how the matrix is cut
//   MatrixCopy copy(type, copyType, pieces, destination, k.scratch);
//   pieces.forPieces(k, task, [&](const MatrixPiece &piece) {
//     ... make the rows of the piece ...
//     copy.write(k, piece, source);
//   });
//
// Pieces are as many rows high as every panel and tile is wide, and as long as a part of the depth, so that no two of
// them write to the same panel and tasks may take any of them. Padding is written with them: it is zero.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_MATRIXCOPY_H
#define HADAL_CODEGEN_CPU_MATRIXCOPY_H

#include "codegen/CPU/SharedFunctions.h"

namespace hadal {

/// A part of a matrix: its first row and column, how many there are, and which of the tensor's matrices it is of.
struct MatrixPiece {
  mlir::Value matrix, row, column, rows, columns;
};

/// How the matrices of a tensor are cut: into bands of rows, which tasks take, and these into pieces.
class MatrixPieces {
public:
  /// The rows of a band: the columns of every panel and the depth of every tile divide it.
  static constexpr int64_t bandRows = 32;

  /// `bytesOfElement`: what is touched of an element while a piece is worked on, which half of the cache is to hold.
  MatrixPieces(mlir::RankedTensorType type, const TargetDescription &target, int64_t bytesOfElement);

  int64_t tasks() const { return matrices * llvm::divideCeil(rows, bandRows); }
  /// Columns of a piece, at most.
  int64_t pieceColumns() const { return longest; }
  /// Whether pieces are whole rows, which lie one after the other.
  bool areWholeRows() const { return longest >= columns; }
  void forPieces(KernelBuilder &k, mlir::Value task, llvm::function_ref<void(const MatrixPiece &)> body) const;
  /// Elements before the piece's row, counted from its first.
  mlir::Value placeOf(KernelBuilder &k, const MatrixPiece &piece, mlir::Value rowOfPiece) const;

private:
  int64_t matrices, rows, columns, longest;
};

class MatrixCopy {
public:
  /// Whether copies of this type are made of a tensor that lies row by row.
  static bool canMake(mlir::RankedTensorType type, mlir::RankedTensorType copy);
  /// Bytes of a thread's scratch memory that the writing of pieces takes.
  static int64_t scratchBytes(mlir::RankedTensorType copy, const MatrixPieces &pieces);

  MatrixCopy(mlir::RankedTensorType type, mlir::RankedTensorType copy, const MatrixPieces &pieces,
             mlir::Value destination, mlir::Value scratch);

  /// Writes the copy of a piece, whose rows lie in memory from `source` on as they do in the tensor.
  void write(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const;

private:
  /// Transposed: the columns of a row are the depth.
  enum class Form { Rows, Panels, TransposedPanels, Tiles, TransposedTiles };
  static std::optional<Form> findForm(mlir::RankedTensorType type, mlir::RankedTensorType copy);
  /// Where a column's number of the depth lies in panels; in those of tiles only the first of a tile.
  TypedPointer placeInPanels(KernelBuilder &k, const MatrixPiece &piece, mlir::Value column, mlir::Value depth) const;
  void writeRows(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source, TypedPointer target,
                 int64_t targetStride) const;
  void writePanels(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const;
  void writeTransposedPanels(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const;
  void writeTransposedElements(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const;
  void writeTiles(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const;

  Form form;
  const MatrixPieces &pieces;
  TypedPointer destination;
  mlir::Value scratch;
  /// Extents of a matrix.
  int64_t rows, columns;
  /// Of panels: their columns and depth, how many lie beside each other, and parts of the depth.
  int64_t panelColumns = 0, panelDepth = 0, panels = 0, parts = 0;
};

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_MATRIXCOPY_H
