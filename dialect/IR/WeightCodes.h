//===- WeightCodes.h - weights that are kept as codes -------------------------------------------------------------===//
//
// A weight in codes is two tensors, the codes and the scales of their groups (QuantizeOps.td), and every format says
// how large a group is. Both lie as vectors of sixteen columns read them, which is what a vector is on every CPU
// (docs/rationale/arithmetic.md), so their layouts follow from the format alone:
//
//   int8, fp8   panels of 16 columns by 32 of the depth, of each depth the columns side by side
//   int4        of each 8 of the depth the columns side by side: a word of 32 bits for each, the first depth lowest
//   scales      of single columns: panels of 16 columns through all groups; of blocks: rows
//
// What hangs over the edges is zero.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_WEIGHTCODES_H
#define HADAL_DIALECT_IR_WEIGHTCODES_H

#include "dialect/IR/Words.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include <optional>

namespace hadal {

/// What a format says of a matrix of columns × depth.
struct CodeForm {
  /// The columns and the depth of a group, which has one scale.
  int64_t columns, depth;
  /// Codes in a byte.
  int64_t perByte;
  /// What the largest number of a group becomes.
  double largest;

  bool hasBlocks() const { return columns > 1; }
};
CodeForm getCodeForm(CodeFormat format);

/// Columns and depth of a panel.
constexpr int64_t codePanelColumns = 16, codePanelDepth = 32;

/// Bytes from a panel of columns to the next, for a matrix of this depth.
int64_t getCodePanelBytes(CodeFormat format, int64_t depth);
/// Groups along the depth.
int64_t countCodeGroups(CodeFormat format, int64_t depth);
/// Scales in memory of a matrix of columns × depth.
int64_t countStoredScales(CodeFormat format, int64_t columns, int64_t depth);

/// The types of the codes and the scales of a weight: matrices of columns × depth.
mlir::RankedTensorType getCodesType(mlir::RankedTensorType weight, CodeFormat format);
mlir::RankedTensorType getScalesType(mlir::RankedTensorType weight, CodeFormat format);

/// A weight that is in codes.
struct CodedWeight {
  CodeFormat format;
  mlir::Value codes, scales;
};
/// What a value is multiplied out of; nothing where it is no weight in codes.
std::optional<CodedWeight> getCodedWeight(mlir::Value value);
/// Whether a value is the codes of a weight: what makes it, or all that reads it, knows them.
bool areWeightCodes(mlir::Value value);

/// Whether an operand is a factor that a product's kernel can read in codes: a whole matrix, or one for each batch,
/// along whose rows the product sums.
bool mayReadCodes(mlir::OpOperand &use);
/// The same, and it is in codes.
bool readsCodes(mlir::OpOperand &use);

} // namespace hadal

#endif // HADAL_DIALECT_IR_WEIGHTCODES_H
