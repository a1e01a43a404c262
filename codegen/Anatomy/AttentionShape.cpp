//===- AttentionShape.cpp - the extents of one attention ----------------------------------------------------------===//
//
// The operation says its heads and channels; batch and sequence are those of its query, the number of keys that of its
// keys and values.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/AttentionShape.h"

using namespace mlir;
using namespace hadal;

AttentionShape AttentionShape::of(AttentionOpInterface op) {
  auto shapeOf = [](Value tensor) { return cast<RankedTensorType>(tensor.getType()).getShape(); };
  auto find = [&](Value operand) -> std::optional<unsigned> {
    if (!operand)
      return std::nullopt;
    return unsigned(std::distance(op->operand_begin(), llvm::find(op->getOperands(), operand)));
  };
  ArrayRef<int64_t> query = shapeOf(op.getQuery());
  int64_t heads = op.getHeads(), nope = op.getNope();
  return {query[0],
          query[1],
          heads,
          nope,
          query[2] / heads - nope,
          int64_t(op.getValue()),
          op.getScale().convertToDouble(),
          shapeOf(op.getKeyValue())[1],
          find(op.getPositions()),
          find(op.getKeyLengths()),
          getElementTypeOrSelf(op.getQuery().getType()).isBF16()};
}

LogicalResult AttentionShape::requirePlain(AttentionOpInterface op, StringRef how, Refusals &refusals) {
  return of(op).isPlain() ? success()
                          : refusals.add(op, "has positions or key lengths, which are not served " + how + " yet");
}
