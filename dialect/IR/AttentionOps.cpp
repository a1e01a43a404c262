//===- AttentionOps.cpp - multi-head latent attention -------------------------------------------------------------===//
//
// Parameters and checks of the family's operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> MLAAttentionOp::getParameterSlots() {
  // Before the operation is verified: a length that cannot be is an open one.
  int64_t rank = addLengths(channels(getLatent().getType()), -getRope().getDim());
  int64_t up = countElements({int64_t(getHeads()), addLengths(getNope(), getValue())});
  Type element = getType().getElementType();
  return {{getParameterName(*this, 0), RankedTensorType::get({up, rank}, element), Initializer::Normal},
          {getParameterName(*this, 1), RankedTensorType::get({rank}, element), Initializer::Ones}};
}

/// Heads and their channels within bounds, which keep the products below in 64 bits.
template <typename Attention> static LogicalResult verifyHeads(Attention op, int64_t rope) {
  return Checks(op)
      .length("heads", op.getHeads())
      .length("nope", op.getNope())
      .length("value", op.getValue())
      .length("the length of the rotary key", rope);
}

LogicalResult MLAAttentionOp::verify() {
  RankedTensorType query = getQuery().getType(), latent = getLatent().getType(), result = getType();
  int64_t heads = getHeads(), nope = getNope(), value = getValue(), rope = getRope().getDim();
  if (failed(verifyHeads(*this, rope)))
    return failure();
  return Checks(*this)
      .rank("the query", query, 3, "batch × sequence × heads·(nope + rope)")
      .shape("the query", query, withChannels(query, heads * (nope + rope)), "batch × sequence × heads·(nope + rope)")
      .rows("the query", query)
      .shape("the latent", latent, withChannels(query, channels(latent)), "batch × sequence × (rank + rope)")
      .rows("the latent", latent)
      .expect(channels(latent) > rope,
              "expects the latent to have more channels than its rotary key: " + Twine(channels(latent)) +
                  " channels leave no room beside rope = " + Twine(rope))
      .shape("the result", result, withChannels(query, heads * value), "batch × sequence × heads·value")
      .rows("the result", result)
      .sameElementType({query, latent, result})
      .positiveReal("eps", getEps())
      .positiveReal("scale", getScale().value_or(APFloat(1.0)));
}

LogicalResult RopeOp::verify() {
  int64_t heads = getHeads(), total = channels(getType());
  return Checks(*this)
      .rank("the input", getType(), 3, "batch × sequence × channels")
      .rows("the input", getType())
      .positive("heads", heads)
      .expect(heads < 1 || total % heads == 0,
              "cannot cut " + Twine(total) + " channels into " + Twine(heads) + " equal heads")
      .expect(heads < 1 || total / heads >= getRope().getDim(),
              "expects heads of at least the " + Twine(getRope().getDim()) + " channels that are rotated");
}

/// What the attention core and its gradient share: operands of agreeing shapes.
template <typename Attention> static LogicalResult verifyCore(Attention op) {
  RankedTensorType query = op.getQuery().getType(), keyValue = op.getKeyValue().getType(),
                   rotaryKey = op.getRotaryKey().getType();
  int64_t heads = op.getHeads(), nope = op.getNope(), value = op.getValue(), rope = channels(rotaryKey);
  if (failed(Checks(op).rows("the rotary key", rotaryKey)) || failed(verifyHeads(op, rope)))
    return failure();
  return Checks(op)
      .rank("the query", query, 3, "batch × sequence × heads·(nope + rope)")
      .shape("the rotary key", rotaryKey, withChannels(query, rope), "batch × sequence × rope")
      .shape("the query", query, withChannels(query, heads * (nope + rope)), "batch × sequence × heads·(nope + rope)")
      .shape("the keys and values", keyValue, withChannels(query, heads * (nope + value)),
             "batch × sequence × heads·(nope + value)")
      .sameElementType({query, keyValue, rotaryKey})
      .positiveReal("scale", op.getScale());
}

/// batch × heads × sequence.
static SmallVector<int64_t> statisticsShape(RankedTensorType query, int64_t heads) {
  return {query.getDimSize(0), heads, query.getDimSize(1)};
}

/// The logarithms of the softmax denominators: f32 in every precision.
static Checks &checkStatistics(Checks &checks, RankedTensorType query, int64_t heads, RankedTensorType type) {
  return checks.shape("the log-sum-exp", type, statisticsShape(query, heads), "batch × heads × sequence")
      .expect(type.getElementType().isF32(), "expects the log-sum-exp to be f32");
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyCore(*this)))
    return failure();
  RankedTensorType query = getQuery().getType();
  Checks checks(*this);
  checks
      .shape("the result", getResult().getType(), withChannels(query, getHeads() * getValue()),
             "batch × sequence × heads·value")
      .productTypes(query, getResult().getType());
  return checkStatistics(checks, query, getHeads(), getLogSumExp().getType());
}

LogicalResult AttentionGradientOp::verify() {
  if (failed(verifyCore(*this)))
    return failure();
  RankedTensorType query = getQuery().getType();
  SmallVector<int64_t> output = withChannels(query, getHeads() * getValue());
  Checks checks(*this);
  checks.shape("the output", getOutput().getType(), output, "batch × sequence × heads·value")
      .shape("the gradient", getGradient().getType(), output, "batch × sequence × heads·value")
      .productTypes({query, getOutput().getType(), getGradient().getType()}, getResultTypes());
  checkStatistics(checks, query, getHeads(), getLogSumExp().getType());
  for (auto [operand, result] : llvm::zip(getOperands().take_front(3), getResults()))
    checks.shape("each result", cast<RankedTensorType>(result.getType()),
                 cast<RankedTensorType>(operand.getType()).getShape(), "the shape of its operand");
  return checks;
}
