//===- AttentionFactors.h - the factors of attention's products ---------------------------------------------------===//
//
// Attention multiplies blocks in a thread's scratch memory that it has packed or computed itself. A left-hand side is
// cut into tiles of rows, a right-hand side into tiles of columns (AttentionTiles). What they hold follows from what
// multiplies them:
//
//                         left-hand side                    right-hand side, per tile of columns
//   register tiles        rows of f32                       f32, a row of the tile per depth
//   ... of bf16 factors   rows of f32 that bf16 has, too    the same
//   AMX                   rows of bf16                      two panels of tiles of AMX (PackTiles.h)
//
// The product of a tile of rows with tiles of columns is a row of tiles, each of them dense and in f32.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_ATTENTIONFACTORS_H
#define HADAL_CODEGEN_CPU_ATTENTIONFACTORS_H

#include "codegen/CPU/Packing.h"
#include "codegen/Selection/CPU/AttentionTiles.h"

namespace hadal {

/// A factor in scratch, and the depth that it has room for: what its addresses are reckoned from.
struct AttentionFactor {
  mlir::Value base;
  int64_t room = 0;
};

class AttentionFactors {
public:
  using Value = mlir::Value;

  AttentionFactors(KernelBuilder &k, const AttentionTiles &tiles) : k(k), tiles(tiles) {}

  KernelBuilder &k;
  const AttentionTiles tiles;

  int64_t tileElements() const { return tiles.rows * tiles.width(); }

  /// Where row `row` of a left-hand side begins, and a factor of either side from a depth on, which is a multiple of
  /// AttentionTiles::depthMultiple.
  AttentionFactor fromRow(const AttentionFactor &left, Value row);
  AttentionFactor leftFromDepth(const AttentionFactor &left, int64_t depth);
  AttentionFactor rightFromDepth(const AttentionFactor &right, Value depth);

  /// Packs `count` rows (at least 1) of so much depth as a left-hand side, in whole tiles.
  void packLeft(const AttentionFactor &left, TypedPointer source, Value stride, Value count, int64_t depth);
  /// Packs `columns` columns of so much depth as a right-hand side. Memory rows are `stride` numbers apart; with
  /// `depthContiguous` they are the columns.
  void packRight(const AttentionFactor &right, TypedPointer source, Value stride, bool depthContiguous, Value columns,
                 Value depth);

  /// Stores a vector of numbers as part of a row of a left-hand side, rounded as its products want it.
  void storeLeft(Value numbers, const AttentionFactor &left, Value row, Value column);
  /// Makes depth number `depth` of a right-hand side zero, in so many tiles of columns.
  void clearDepth(const AttentionFactor &right, Value depth, int64_t columnTiles);

  /// result = the tile of rows that `left` begins with, times `columnTiles` tiles of columns.
  void multiply(const AttentionFactor &left, const AttentionFactor &right, Value result, Value columnTiles,
                Value depth);

  /// A left-hand side as the transposed one that multiplyTransposed reads, of so many rows and columns: itself, or for
  /// AMX a copy in `copy`, which has room for the rows as its depth.
  AttentionFactor transpose(const AttentionFactor &left, const AttentionFactor &copy, Value rows, Value columns);
  /// result (where `accumulate` is 0) or result + the columns from `column` on of what transpose made, as many as a
  /// tile has rows, times tiles of columns; only depths from `depth` to `end`.
  void multiplyTransposed(const AttentionFactor &transposed, Value column, const AttentionFactor &right, Value result,
                          int64_t columnTiles, Value depth, Value end, Value accumulate);

  /// A row of a row of tiles = a row of a left-hand side, times the first `depth` memory rows of a right-hand side that
  /// lies in memory: the same bits as by tiles, but that what lies behind them is not read, nor multiplied with zero.
  void multiplyRow(const AttentionFactor &row, TypedPointer source, Value stride, Value columns, Value depth,
                   Value result);
};

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_ATTENTIONFACTORS_H
