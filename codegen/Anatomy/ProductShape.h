//===- ProductShape.h - the shape of a matrix product, as tile sizes are chosen for it ----------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_PRODUCTSHAPE_H
#define HADAL_CODEGEN_ANATOMY_PRODUCTSHAPE_H

#include <cstdint>

namespace hadal {

/// A product of `batches` pairs of matrices, C [rows, columns] = A [rows, depth] B [depth, columns]. Whether neighbours
/// in memory are neighbours along the depth decides how A and B are packed.
struct ProductShape {
  int64_t rows, columns, depth, batches = 1;
  bool lhsDepthContiguous = true, rhsDepthContiguous = true;
  /// Whether the depth is known at run time only; `depth` is then what to expect.
  bool depthIsDynamic = false;
  /// Where B lies packed in panels: their columns; else 0.
  int64_t rhsPanel = 0;
  /// Whether these are panels of pairs (getTileLayout), which register tiles read side by side.
  bool rhsIsInPairs = false;
  /// Whether both factors are bf16: CPUs add such products in another order (docs/rationale/arithmetic.md).
  bool factorsAreBF16 = false;
};

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_PRODUCTSHAPE_H
