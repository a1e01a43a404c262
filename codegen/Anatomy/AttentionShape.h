//===- AttentionShape.h - the extents of one attention ------------------------------------------------------------===//
//
// Read from any operation that states itself to be attention; every strategy for it begins here.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_ATTENTIONSHAPE_H
#define HADAL_CODEGEN_ANATOMY_ATTENTIONSHAPE_H

#include "codegen/Anatomy/KernelBody.h"
#include <optional>

namespace hadal {

/// The extents of one attention: heads have keys of nope + rope channels, the rope part shared by all heads. A sample
/// has `sequence` queries and `keys` keys.
struct AttentionShape {
  int64_t batch, sequence, heads, nope, rope, value;
  double scale;
  int64_t keys;
  /// Which operand holds the queries' positions, and which the number of keys per sample, where there are some.
  std::optional<unsigned> positions, keyLengths;
  /// Whether queries, keys and values are bf16: CPUs add such products in another order.
  bool factorsAreBF16 = false;

  /// Whether a query stands at its index and sees all keys up to there, of which there is one per query.
  bool isPlain() const { return !positions && !keyLengths; }

  /// Channels of a head's query, and of what a head has in the keys' and values' tensor.
  int64_t query() const { return nope + rope; }
  int64_t keyValue() const { return nope + value; }

  static AttentionShape of(AttentionOpInterface op);
  /// What a strategy asks for that knows no other form: failure notes that this one computes `how` without positions
  /// and key lengths.
  static mlir::LogicalResult requirePlain(AttentionOpInterface op, llvm::StringRef how, Refusals &refusals);
};

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_ATTENTIONSHAPE_H
