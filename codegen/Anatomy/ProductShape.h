//===- ProductShape.h - the shape of a matrix product, as tile sizes are chosen for it ----------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_PRODUCTSHAPE_H
#define HADAL_CODEGEN_ANATOMY_PRODUCTSHAPE_H

#include "dialect/IR/WeightCodes.h"
#include <cstdint>
#include <optional>

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
  /// Where B is in codes: their format. Its panels are those of the format.
  std::optional<CodeFormat> rhsCodes = std::nullopt;
  /// Whether both factors are bf16, or A where B is in codes: CPUs add such products in another order
  /// (docs/rationale/arithmetic.md).
  bool factorsAreBF16 = false;

  /// Whether the tiles of AMX multiply the factors as they lie.
  bool fitsTiles() const { return factorsAreBF16 && !rhsCodes; }
};

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_PRODUCTSHAPE_H
