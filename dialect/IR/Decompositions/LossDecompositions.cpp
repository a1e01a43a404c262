//===- LossDecompositions.cpp - the merge of multi-token prediction in program operations -------------------------===//
//
// Two norms, their concatenation with the embedding first, and the projection back to the width of the model.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> MTPMergeOp::decompose(OpBuilder &builder) {
  auto type = cast<RankedTensorType>(getType());
  auto norm = [&](Value input, unsigned weight) -> Value {
    return RMSNormOp::create(builder, getLoc(), type, input, getEpsAttr(), getWeights()[weight],
                             /*parameters=*/ArrayAttr());
  };
  Value parts[] = {norm(getEmbedding(), 0), norm(getHidden(), 1)};
  SmallVector<int64_t> shape(type.getShape());
  shape.back() *= 2;
  Value both = ConcatOp::create(builder, getLoc(), RankedTensorType::get(shape, type.getElementType()), parts);
  return {LinearOp::create(builder, getLoc(), type, both, getWeights()[2], /*parameters=*/ArrayAttr(),
                           /*compute=*/TypeAttr())};
}
