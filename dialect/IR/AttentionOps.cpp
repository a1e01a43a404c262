//===- AttentionOps.cpp - multi-head latent attention -------------------------------------------------------------===//
//
// Parameters and checks of the family's operations, and what becomes of positions and key lengths that say nothing.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

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

/// The length of a sample's keys, `given` where queries have positions of their own: as many as there are queries.
template <typename Attention> static int64_t countKeys(Attention op, RankedTensorType given) {
  return op.getPositions() && given.getRank() == 3 ? given.getDimSize(1) : op.getQuery().getType().getDimSize(1);
}

/// The operands that say which keys a query sees. The query has three dimensions.
template <typename Attention> static LogicalResult verifySight(Attention op) {
  RankedTensorType query = op.getQuery().getType();
  Checks checks(op);
  if (op.getPositions())
    checks.shape("the positions", op.getPositions().getType(), leading(query), "batch × sequence");
  if (op.getKeyLengths())
    checks.shape("the key lengths", op.getKeyLengths().getType(), {query.getDimSize(0)}, "batch");
  return checks;
}

LogicalResult MLAAttentionOp::verify() {
  RankedTensorType query = getQuery().getType(), latent = getLatent().getType(), result = getType();
  int64_t heads = getHeads(), nope = getNope(), value = getValue(), rope = getRope().getDim();
  if (failed(verifyHeads(*this, rope)))
    return failure();
  if (failed(Checks(*this).rank("the query", query, 3, "batch × sequence × heads·(nope + rope)")) ||
      failed(verifySight(*this)))
    return failure();
  int64_t keys = countKeys(*this, latent);
  return Checks(*this)
      .shape("the query", query, withChannels(query, heads * (nope + rope)), "batch × sequence × heads·(nope + rope)")
      .rows("the query", query)
      .shape("the latent", latent, {query.getDimSize(0), keys, channels(latent)}, "batch × sequence × (rank + rope)")
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
  Checks checks(*this);
  checks.rank("the input", getType(), 3, "batch × sequence × channels")
      .expect(bool(getPositions()) == getPositionLimit().has_value(),
              getPositions() ? "expects a position_limit with its positions: the number of positions whose angles the "
                               "program holds"
                             : "expects a position_limit only with positions: a row's index is less than the length of "
                               "the sequence");
  if (getPositions())
    checks.shape("the positions", getPositions().getType(), leading(getType()), "batch × sequence")
        .length("position_limit", int64_t(getPositionLimit().value_or(1)));
  return checks.rows("the input", getType())
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
  if (failed(Checks(op).rows("the rotary key", rotaryKey)) || failed(verifyHeads(op, rope)) ||
      failed(Checks(op).rank("the query", query, 3, "batch × sequence × heads·(nope + rope)")) ||
      failed(verifySight(op)))
    return failure();
  int64_t batch = query.getDimSize(0), keys = countKeys(op, keyValue);
  bool apart = bool(op.getPositions());
  return Checks(op)
      .shape("the rotary key", rotaryKey, {batch, keys, rope},
             apart ? "batch × keys × rope" : "batch × sequence × rope")
      .shape("the query", query, withChannels(query, heads * (nope + rope)), "batch × sequence × heads·(nope + rope)")
      .shape("the keys and values", keyValue, {batch, keys, heads * (nope + value)},
             apart ? "batch × keys × heads·(nope + value)" : "batch × sequence × heads·(nope + value)")
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

//===----------------------------------------------------------------------===//
// Rows that are added to a sequence
//===----------------------------------------------------------------------===//

SmallVector<Value> RopeOp::buildCached(OpBuilder &builder, const CachedRows &rows) {
  return {RopeOp::create(builder, getLoc(), getType(), getInput(), rows.positions, getHeads(), getRope(), getInverse(),
                         builder.getI64IntegerAttr(rows.positionLimit))};
}

// A key's position is its index among what is remembered.
SmallVector<Value> AttentionOp::buildCached(OpBuilder &builder, const CachedRows &rows) {
  Value keyValue = rows.remember(getKeyValue()), rotaryKey = rows.remember(getRotaryKey());
  auto attention =
      AttentionOp::create(builder, getLoc(), getResult().getType(), getLogSumExp().getType(), getQuery(), keyValue,
                          rotaryKey, rows.positions, rows.lengths, getHeads(), getNope(), getValue(), getScale());
  attention->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  return attention->getResults();
}

// What is the same for every query, the weight's products with the latents, is taken to the queries.
SmallVector<Value> AttentionOp::buildAbsorbed(OpBuilder &builder, const CachedRows &rows) {
  std::optional<ProductOfRows> up = rows.findProduct(getKeyValue());
  if (!up || !getLogSumExp().use_empty())
    return {};
  Value latents = rows.keep(up->rows), rotaryKeys = rows.keep(getRotaryKey());
  if (!latents || !rotaryKeys)
    return {};
  int64_t heads = getHeads(), nope = getNope(), value = getValue();
  auto compute = up->requested ? TypeAttr::get(up->requested) : TypeAttr();
  RankedTensorType query = getQuery().getType();
  auto latentType = query.clone(withChannels(query, heads * channels(cast<RankedTensorType>(up->rows.getType()))));
  Value absorbed = HeadMatmulOp::create(builder, getLoc(), latentType, getQuery(), up->weight, heads, /*first=*/0, nope,
                                        /*transpose_rhs=*/false, compute);
  Value attended = LatentAttentionOp::create(builder, getLoc(), latentType, absorbed, getQuery(), latents, rotaryKeys,
                                             rows.pages, rows.positions, rows.lengths, heads, getScale());
  auto result = HeadMatmulOp::create(builder, getLoc(), getResult().getType(), attended, up->weight, heads,
                                     /*first=*/nope, value, /*transpose_rhs=*/true, compute);
  result->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  return {result, Value()};
}

//===----------------------------------------------------------------------===//
// Positions and key lengths that say nothing
//===----------------------------------------------------------------------===//

/// Whether a constant counts 0, 1, 2, ... in every row.
static bool countsUp(Value positions) {
  DenseIntElementsAttr constant;
  if (!positions || !matchPattern(positions, m_Constant(&constant)))
    return false;
  int64_t length = constant.getType().getShape().back();
  return llvm::all_of(llvm::enumerate(constant.getValues<APInt>()), [&](auto position) {
    return position.value().getSExtValue() == int64_t(position.index()) % length;
  });
}

/// Whether a constant is nowhere less than a number.
static bool isAtLeast(Value lengths, int64_t least) {
  DenseIntElementsAttr constant;
  if (!lengths || !matchPattern(lengths, m_Constant(&constant)))
    return false;
  return llvm::all_of(constant.getValues<APInt>(), [&](const APInt &length) { return length.getSExtValue() >= least; });
}

LogicalResult RopeOp::canonicalize(RopeOp op, PatternRewriter &rewriter) {
  if (!countsUp(op.getPositions()))
    return rewriter.notifyMatchFailure(op, "positions are not the constant 0, 1, 2, ...");
  if (op.getPositionCount() < op.getPositions().getType().getShape().back())
    return rewriter.notifyMatchFailure(op, "some positions are beyond the limit");
  rewriter.modifyOpInPlace(op, [&] {
    op.getPositionsMutable().clear();
    op.removePositionLimitAttr();
  });
  return success();
}

/// Takes positions away that are the queries' indices, and lengths that are all keys there are.
template <typename Attention>
static LogicalResult dropSight(Attention op, RankedTensorType keyType, PatternRewriter &rewriter) {
  int64_t keys = keyType.getDimSize(1);
  bool areIndices = countsUp(op.getPositions()) && op.getPositions().getType().getShape().back() == keys;
  bool areAll = !ShapedType::isDynamic(keys) && isAtLeast(op.getKeyLengths(), keys);
  if (!areIndices && !areAll)
    return rewriter.notifyMatchFailure(op, "neither are positions the queries' indices nor key lengths all keys");
  rewriter.modifyOpInPlace(op, [&] {
    if (areIndices)
      op.getPositionsMutable().clear();
    if (areAll)
      op.getKeyLengthsMutable().clear();
  });
  return success();
}

LogicalResult MLAAttentionOp::canonicalize(MLAAttentionOp op, PatternRewriter &rewriter) {
  return dropSight(op, op.getLatent().getType(), rewriter);
}

LogicalResult AttentionOp::canonicalize(AttentionOp op, PatternRewriter &rewriter) {
  return dropSight(op, op.getKeyValue().getType(), rewriter);
}

LogicalResult AttentionGradientOp::canonicalize(AttentionGradientOp op, PatternRewriter &rewriter) {
  return dropSight(op, op.getKeyValue().getType(), rewriter);
}
