//===- AttentionShape.h - the extents of one attention ------------------------------------------------------------===//
//
// Read from any operation that states itself to be attention; every strategy for it begins here.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_ATTENTIONSHAPE_H
#define HADAL_CODEGEN_ANATOMY_ATTENTIONSHAPE_H

#include "dialect/IR/Hadal.h"

namespace hadal {

/// The extents of one attention: heads have keys of nope + rope channels, the rope part shared by all heads.
struct AttentionShape {
  int64_t batch, sequence, heads, nope, rope, value;
  double scale;

  /// Channels of a head's query, and of what a head has in the keys' and values' tensor.
  int64_t query() const { return nope + rope; }
  int64_t keyValue() const { return nope + value; }

  static AttentionShape of(AttentionOpInterface op);
};

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_ATTENTIONSHAPE_H
