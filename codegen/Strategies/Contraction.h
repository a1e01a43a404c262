//===- Contraction.h - what a kernel of the contraction kind computes ---------------------------------------------===//
//
// Reads the body of a contraction kernel: its anchor (one matrix product), rows gathered on the way in, and how the
// operands lie in memory. Selection and lowering both start from here.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_STRATEGIES_CONTRACTION_H
#define HADAL_CODEGEN_STRATEGIES_CONTRACTION_H

#include "codegen/Strategies/ProductTiles.h"

namespace hadal {

/// One side of the product.
struct ContractionOperand {
  /// An argument of the kernel, seen as a matrix with rows of `columns` elements.
  mlir::BlockArgument tensor;
  int64_t columns = 0;
  /// With gathered rows: the argument that holds the pairs, and the choices per token.
  mlir::BlockArgument pairs = {};
  int64_t topK = 1;
  bool depthContiguous = true;
};

/// What is grouped by expert: nothing, the rows of A and C, or the depth.
enum class ContractionGrouping { None, Rows, Depth };

struct Contraction {
  mlir::Operation *anchor = nullptr;
  ContractionOperand lhs, rhs;
  ContractionGrouping grouping = ContractionGrouping::None;
  /// Grouped: the argument with the first row of every expert, and how many rows there are in all.
  mlir::BlockArgument offsets = {};
  int64_t experts = 1, groupedRows = 0;
  /// Of one product; with groups, of an expert with its share of the rows.
  ProductShape shape;
  /// Extents of one product: the numbers that do not depend on the expert.
  int64_t rows = 0, columns = 0, depth = 0;

  /// Blocks of rows that tasks are made of (an upper bound where experts differ), and blocks of columns.
  int64_t rowTasks(int64_t rowBlock) const;
  int64_t columnTasks(int64_t columnBlock) const;
};

/// The contraction in a kernel's body, rowwise operations written out. The whole body is checked: what is not the
/// product computes each of its results from the same place of the product and of the kernel's operands (see Access).
/// Failure, without a diagnostic but with the reason in `refusals`, when the body holds anything else.
mlir::FailureOr<Contraction> analyzeContraction(KernelOp kernel, Refusals *refusals = nullptr);

/// Chooses tiles and the order of tasks.
mlir::LogicalResult selectContraction(KernelOp kernel, const TargetDescription &target,
                                      KernelConfiguration &configuration);

} // namespace hadal

#endif // HADAL_CODEGEN_STRATEGIES_CONTRACTION_H
