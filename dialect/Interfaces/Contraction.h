//===- Contraction.h - what a product multiplies, stated in numbers -----------------------------------------------===//
//
// The form of a matrix product as ContractionOpInterface states it: how far it runs, and where in memory its numbers
// lie. With b for the batch, i for the row, j for the column and d for the depth,
//
//   C(b, i, j) = Σ_d A(b, i, d) · B(b, j, d)
//
// and each of the three is a tensor and a stride for each of its indices, so that a transposed matrix, a matrix per
// expert and the heads that share the rows of a tensor are numbers and not cases. The linear layer of tokens × in with
// a weight of its own for each of `heads` slices, y(t, h·out + o) = Σ_i x(t, h·in + i) W(h, o, i), is
//
//   batches = heads, rows = tokens, columns = out, depth = in
//   A: x, batch stride in,     row stride heads·in,  depth stride 1
//   B: W, batch stride out·in, row stride in,        depth stride 1
//   C:    batch stride out,    row stride heads·out
//
// Rows, or the depth, of all batches may lie one after the other, with offsets that only the device knows: batch b then
// has what lies from offsets[b] to offsets[b + 1]. Or a batch has fewer rows than there is room for, and only the
// device knows how many: the others are not computed.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_INTERFACES_CONTRACTION_H
#define HADAL_DIALECT_INTERFACES_CONTRACTION_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include <optional>

namespace hadal {

/// One scale for every block of a factor's rows × depth: element (row / rows, d / depth) of an operand with as many
/// columns as the depth has blocks.
struct BlockScales {
  unsigned operand = 0;
  int64_t rows = 1, depth = 1;
};

/// A or B. The rows of B are the columns of C.
struct ContractionFactor {
  /// The operand, by its number.
  unsigned operand = 0;
  /// The element at which it begins: the matrix may be a stretch of the rows of a tensor.
  int64_t start = 0;
  /// Elements from one index to the next.
  int64_t batchStride = 0, rowStride = 0, depthStride = 1;
  std::optional<BlockScales> scales = std::nullopt;
  /// Whether neighbours in memory are neighbours along the rows, not along the depth.
  bool transposed = false;

  /// Elements from a row of memory to the next, whatever is numbered by it.
  int64_t memoryStride() const { return transposed ? depthStride : rowStride; }

  /// A matrix of rows × depth, or of depth × rows, that lies `columns` elements to a row; one for each batch where a
  /// stride from one to the next is given.
  static ContractionFactor matrix(unsigned operand, int64_t columns, bool transposed = false, int64_t batchStride = 0) {
    ContractionFactor factor;
    factor.operand = operand;
    factor.batchStride = batchStride;
    factor.rowStride = transposed ? 1 : columns;
    factor.depthStride = transposed ? columns : 1;
    factor.transposed = transposed;
    return factor;
  }
};

/// What of the batches lies one after the other: nothing, the rows of A and C, or the depth of A and B.
enum class ContractionGrouping { None, Rows, Depth };

struct ContractionForm {
  /// How far the indices run. Where rows or the depth are grouped, all batches together have so many.
  int64_t batches = 1, rows = 0, columns = 0, depth = 0;
  ContractionFactor lhs, rhs;
  ContractionGrouping grouping = ContractionGrouping::None;
  /// The operand with the offsets, batches + 1 numbers of i32, when something is grouped.
  unsigned offsets = 0;
  /// The operand that says how many rows each batch has, from its first one on: batches numbers of i32. Nothing: all.
  std::optional<unsigned> rowCounts = std::nullopt;
  /// The type in which sums are formed.
  mlir::Type sum;
  /// Elements of the only result from one index to the next. Columns are neighbours.
  int64_t resultBatchStride = 0, resultRowStride = 0;
};

/// Which rows of a tensor an operation brings into order: row r of its only result is row indices[r] / divisor of the
/// source, with all dimensions but the last counted as rows.
struct RowSelection {
  /// Operands by their number.
  unsigned source = 0, indices = 0;
  int64_t divisor = 1;
};

namespace detail {
/// What a product states fits the types of its operands and of its result.
llvm::LogicalResult verifyContraction(mlir::Operation *op);
} // namespace detail

} // namespace hadal

#endif // HADAL_DIALECT_INTERFACES_CONTRACTION_H
