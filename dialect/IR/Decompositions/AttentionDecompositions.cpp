//===- AttentionDecompositions.cpp - latent attention in program operations ---------------------------------------===//
//
// The plain form, for training and prefill: the latent is normalised and projected up to every head's keys and values,
// the rotary parts are rotated, and the attention core does the rest.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

/// The factor of the scores: what the model says, or 1/sqrt(nope + rope) times YaRN's.
static double getScoreScale(MLAAttentionOp op) {
  if (auto scale = op.getScaleAttr())
    return scale.getValueAsDouble();
  return op.getRope().getSoftmaxFactor() / std::sqrt(double(op.getNope() + op.getRope().getDim()));
}

SmallVector<Value> MLAAttentionOp::decompose(OpBuilder &builder) {
  Location loc = getLoc();
  auto latentType = cast<RankedTensorType>(getLatent().getType());
  int64_t rope = getRope().getDim(), rank = latentType.getShape().back() - rope;
  int64_t batch = latentType.getDimSize(0), keys = latentType.getDimSize(1), sequence = getType().getDimSize(1);
  Type element = latentType.getElementType();
  auto channels = [&](int64_t count) { return RankedTensorType::get({batch, keys, count}, element); };

  auto split = SplitOp::create(builder, loc, TypeRange{channels(rank), channels(rope)}, getLatent());
  Value latent = RMSNormOp::create(builder, loc, channels(rank), split.getParts()[0], getEpsAttr(), getWeights()[1],
                                   /*parameters=*/ArrayAttr());
  auto up = LinearOp::create(builder, loc, channels(getHeads() * (getNope() + getValue())), latent, getWeights()[0],
                             /*parameters=*/ArrayAttr(), /*compute=*/TypeAttr());
  // Keys stand at their index; a query stands where a key can.
  auto limit = getPositions() ? builder.getI64IntegerAttr(keys) : IntegerAttr();
  Value query = RopeOp::create(builder, loc, getQuery().getType(), getQuery(), getPositions(), getHeads(), getRope(),
                               /*inverse=*/false, limit);
  Value rotaryKey = RopeOp::create(builder, loc, split.getParts()[1], 1, getRope());
  auto logSumExp = RankedTensorType::get({batch, int64_t(getHeads()), sequence}, builder.getF32Type());
  auto attention =
      AttentionOp::create(builder, loc, getType(), logSumExp, query, up, rotaryKey, getPositions(), getKeyLengths(),
                          getHeadsAttr(), getNopeAttr(), getValueAttr(), builder.getF64FloatAttr(getScoreScale(*this)));
  return {attention.getResult()};
}
