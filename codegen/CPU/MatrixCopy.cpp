//===- MatrixCopy.cpp - a copy of a matrix for the kernels that read it otherwise ---------------------------------===//
//
// Panels and tiles are written by the functions by which products pack (Packing.h, PackTiles.h), of a piece instead of
// a block. What these leave behind the last column of a transposed panel is no zero, and they store whole squares:
// where a panel ends within one, elements are written one by one.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/MatrixCopy.h"
#include "codegen/Anatomy/Contraction.h"
#include "codegen/CPU/PackTiles.h"
#include "codegen/Target/Arithmetic.h"
#include "dialect/IR/Encoding.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

//===--------------------------------------------------------------------------------------------------------------===//
// Pieces
//===--------------------------------------------------------------------------------------------------------------===//

MatrixPieces::MatrixPieces(RankedTensorType type, const TargetDescription &target, int64_t bytesOfElement) {
  ArrayRef<int64_t> shape = type.getShape();
  rows = shape.drop_back().back();
  columns = shape.back();
  matrices = type.getNumElements() / (rows * columns);
  int64_t fitting = target.l2Bytes / 2 / bytesOfElement / bandRows / arithmetic::depthBlock * arithmetic::depthBlock;
  longest = std::min<int64_t>(llvm::alignTo(columns, arithmetic::depthBlock),
                              std::max<int64_t>(fitting, arithmetic::depthBlock));
}

void MatrixPieces::forPieces(KernelBuilder &k, Value task, function_ref<void(const MatrixPiece &)> body) const {
  int64_t bands = llvm::divideCeil(rows, bandRows);
  MatrixPiece piece;
  piece.matrix = k.div(task, bands);
  piece.row = k.mul(k.rem(task, bands), bandRows);
  piece.rows = k.min(k.i64(bandRows), k.sub(k.i64(rows), piece.row));
  k.forLoop(k.i64(0), k.i64(columns), longest, [&](Value column) {
    piece.column = column;
    piece.columns = k.min(k.i64(longest), k.sub(k.i64(columns), column));
    body(piece);
  });
}

Value MatrixPieces::placeOf(KernelBuilder &k, const MatrixPiece &piece, Value rowOfPiece) const {
  Value row = k.add(k.add(k.mul(piece.matrix, rows), piece.row), rowOfPiece);
  return k.add(k.mul(row, columns), piece.column);
}

//===--------------------------------------------------------------------------------------------------------------===//
// The forms of a copy
//===--------------------------------------------------------------------------------------------------------------===//

/// Whether a layout is that of the matrices of a tensor, one after the other, with their dimensions (0: rows, 1:
/// columns) in this order and cut so.
static bool isMatrixLayout(LayoutAttr layout, ArrayRef<int64_t> order, ArrayRef<int64_t> inner) {
  int64_t before = layout.getOuter().size() - 2;
  auto ofMatrix = [&](int64_t dimension) { return dimension - before; };
  return llvm::equal(layout.getOuter().take_front(before), llvm::seq<int64_t>(0, before)) &&
         llvm::equal(llvm::map_range(layout.getOuter().drop_front(before), ofMatrix), order) &&
         llvm::equal(llvm::map_range(layout.getInner(), ofMatrix), inner);
}

std::optional<MatrixCopy::Form> MatrixCopy::findForm(RankedTensorType type, RankedTensorType copy) {
  int64_t rank = type.getRank();
  LayoutAttr layout = getLayout(copy);
  bool isNarrow = copy.getElementType().isBF16();
  if (rank < 2 || type.getEncoding() || type.getShape() != copy.getShape() || (!layout && !isNarrow))
    return std::nullopt;
  if (!layout)
    return Form::Rows;
  int64_t rows = type.getDimSize(rank - 2), columns = type.getDimSize(rank - 1);
  ArrayRef<int64_t> tiles = layout.getTiles();
  if (!isNarrow && tiles.size() == 2) {
    auto fits = [&](int64_t depth) {
      bool isWhole = tiles[0] == int64_t(llvm::alignTo(depth, registerTileUnroll));
      bool isCut = tiles[0] == arithmetic::depthBlock && depth % tiles[0] == 0;
      return (isWhole || isCut) && MatrixPieces::bandRows % tiles[1] == 0 && tiles[1] % arithmetic::lanes == 0;
    };
    if (isMatrixLayout(layout, {0, 1}, {0, 1}) && fits(rows))
      return Form::Panels;
    if (isMatrixLayout(layout, {1, 0}, {1, 0}) && fits(columns))
      return Form::TransposedPanels;
  }
  constexpr int64_t tile[] = {tileDepth / 2, tileColumns, 2};
  if (isNarrow && tiles == ArrayRef(tile)) {
    // Panels of tiles are written two at a time.
    if (isMatrixLayout(layout, {1, 0}, {0, 1, 0}) && columns % (2 * tileColumns) == 0)
      return Form::Tiles;
    if (isMatrixLayout(layout, {0, 1}, {1, 0, 1}) && rows % (2 * tileColumns) == 0)
      return Form::TransposedTiles;
  }
  return std::nullopt;
}

bool MatrixCopy::canMake(RankedTensorType type, RankedTensorType copy) { return findForm(type, copy).has_value(); }

int64_t MatrixCopy::scratchBytes(RankedTensorType copy, const MatrixPieces &pieces) {
  bool isInTiles = getLayout(copy) && copy.getElementType().isBF16();
  return isInTiles ? MatrixPieces::bandRows * pieces.pieceColumns() * 2 : 0;
}

MatrixCopy::MatrixCopy(RankedTensorType type, RankedTensorType copy, const MatrixPieces &pieces, Value destination,
                       Value scratch)
    : form(*findForm(type, copy)), pieces(pieces), destination(destination, copy.getElementType()), scratch(scratch),
      rows(type.getShape().drop_back().back()), columns(type.getShape().back()) {
  if (form == Form::Rows)
    return;
  bool isTransposed = form == Form::TransposedPanels || form == Form::TransposedTiles;
  int64_t depth = isTransposed ? columns : rows, width = isTransposed ? rows : columns;
  ArrayRef<int64_t> tiles = getLayout(copy).getTiles();
  panelColumns = tiles[1];
  panelDepth = copy.getElementType().isBF16() ? llvm::alignTo(depth, tileDepth) : tiles[0];
  panels = llvm::divideCeil(width, panelColumns);
  parts = llvm::divideCeil(depth, panelDepth);
}

void MatrixCopy::write(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const {
  switch (form) {
  case Form::Rows:
    return writeRows(k, piece, source, at(k, destination, pieces.placeOf(k, piece, k.i64(0))), columns);
  case Form::Panels:
    return writePanels(k, piece, source);
  case Form::TransposedPanels:
    return writeTransposedPanels(k, piece, source);
  case Form::Tiles:
  case Form::TransposedTiles:
    return writeTiles(k, piece, source);
  }
  llvm_unreachable("all forms are handled");
}

TypedPointer MatrixCopy::placeInPanels(KernelBuilder &k, const MatrixPiece &piece, Value column, Value depth) const {
  Value part = k.add(k.mul(piece.matrix, parts), k.div(depth, panelDepth));
  Value panel = k.add(k.mul(part, panels), k.div(column, panelColumns));
  Value row = k.add(k.mul(panel, panelDepth), k.rem(depth, panelDepth));
  return at(k, destination, k.add(k.mul(row, panelColumns), k.rem(column, panelColumns)));
}

//===--------------------------------------------------------------------------------------------------------------===//
// Writing
//===--------------------------------------------------------------------------------------------------------------===//

void MatrixCopy::writeRows(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source, TypedPointer target,
                           int64_t targetStride) const {
  int64_t multiple = columns % k.lanes == 0 ? k.lanes : 1;
  if (pieces.areWholeRows() && targetStride == columns)
    return forVectors(k, k.mul(piece.rows, columns), multiple, [&](Value place, Value mask) {
      k.storeVector(k.loadVector(source, place, mask), target, place, mask);
    });
  k.forLoop(k.i64(0), piece.rows, 1, [&](Value row) {
    TypedPointer from = at(k, source, k.mul(row, columns)), to = at(k, target, k.mul(row, targetStride));
    forVectors(k, piece.columns, multiple,
               [&](Value column, Value mask) { k.storeVector(k.loadVector(from, column, mask), to, column, mask); });
  });
}

void MatrixCopy::writePanels(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const {
  packColumns(k, placeInPanels(k, piece, piece.column, piece.row).pointer, source, {k.i64(columns)}, piece.columns,
              piece.rows, panelColumns, panelColumns, panelDepth * panelColumns);
}

void MatrixCopy::writeTransposedPanels(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const {
  if (panelDepth % k.target.registerLanes != 0)
    return writeTransposedElements(k, piece, source);
  auto writeSquares = [&] {
    k.forLoop(k.i64(0), piece.columns, arithmetic::depthBlock, [&](Value depth) {
      Value length = k.min(k.i64(arithmetic::depthBlock), k.sub(piece.columns, depth));
      Value to = placeInPanels(k, piece, piece.row, k.add(piece.column, depth)).pointer;
      packTransposed(k, to, at(k, source, depth), {k.i64(columns)}, piece.rows, length, panelColumns / k.lanes,
                     panelDepth * panelColumns);
    });
  };
  if (rows % panelColumns == 0)
    return writeSquares();
  Value isWhole = k.equal(k.rem(piece.rows, panelColumns), k.i64(0));
  k.ifThen(isWhole, writeSquares, [&] { writeTransposedElements(k, piece, source); });
}

void MatrixCopy::writeTransposedElements(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const {
  Value width = roundUp(k, piece.rows, panelColumns), depth = roundUp(k, piece.columns, registerTileUnroll);
  k.forLoop(k.i64(0), width, 1, [&](Value column) {
    k.forLoop(k.i64(0), depth, 1, [&](Value d) {
      TypedPointer to = placeInPanels(k, piece, k.add(piece.row, column), k.add(piece.column, d));
      Value inside = arith::AndIOp::create(k.builder, k.loc, k.less(column, piece.rows), k.less(d, piece.columns));
      k.ifThen(
          inside, [&] { k.storeNumber(k.loadNumber(source, k.add(k.mul(column, columns), d)), to, k.i64(0)); },
          [&] { k.storeNumber(k.f32(0.0), to, k.i64(0)); });
    });
  });
}

void MatrixCopy::writeTiles(KernelBuilder &k, const MatrixPiece &piece, TypedPointer source) const {
  TypedPointer rounded = source;
  int64_t stride = columns;
  if (!source.element || source.element.isF32()) {
    rounded = {scratch, destination.element};
    stride = pieces.pieceColumns();
    writeRows(k, piece, source, rounded, stride);
  }
  bool isTransposed = form == Form::TransposedTiles;
  Value column = isTransposed ? piece.row : piece.column, depth = isTransposed ? piece.column : piece.row;
  Value width = isTransposed ? piece.rows : piece.columns, length = isTransposed ? piece.columns : piece.rows;
  packTiles(k, TileSide::B, placeInPanels(k, piece, column, depth).pointer, rounded, {k.i64(stride)},
            /*depthContiguous=*/isTransposed, width, length, k.i64(panelDepth * panelColumns * 2));
}
