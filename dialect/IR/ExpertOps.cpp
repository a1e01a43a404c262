//===- ExpertOps.cpp - mixtures of experts ------------------------------------------------------------------------===//
//
// Parameters and checks of the family's operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> RouterOp::getParameterSlots() {
  // The bias is optional: neither a name nor a value means a router without one.
  if (!getParametersAttr() && getWeights().empty())
    return {};
  auto type = RankedTensorType::get({channels(getLogits().getType())}, getLogits().getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Zeros, /*trainable=*/false}};
}

SmallVector<ParameterSlot> ExpertsOp::getParameterSlots() {
  int64_t channels = hadal::channels(getType()), width = getWidth(), count = getCount();
  std::string prefix = getParameterName(*this, 0) + ".{e}.";
  auto type = [&](int64_t out, int64_t in) {
    return RankedTensorType::get({count, out, in}, getType().getElementType());
  };
  return {{prefix + "gate_proj.weight", type(width, channels), Initializer::Normal},
          {prefix + "up_proj.weight", type(width, channels), Initializer::Normal},
          {prefix + "down_proj.weight", type(channels, width), Initializer::Normal}};
}

/// The group limit: equal groups, and enough experts in the selected ones.
static void checkGroups(RouterOp op, int64_t experts, Checks &checks) {
  int64_t groups = op.getGroups(), topGroups = op.getTopGroups(), topK = op.getTopK();
  checks.range("groups", groups, 1, experts, "the number of experts")
      .range("top_groups", topGroups, 1, groups, "the number of groups");
  if (failed(LogicalResult(checks)))
    return;
  int64_t perGroup = experts / groups;
  checks
      .expect(experts % groups == 0, "cannot divide " + Twine(experts) + " experts into " + Twine(groups) +
                                         " equal groups: `groups` must divide the number of experts")
      .expect(topK <= topGroups * perGroup, "chooses " + Twine(topK) + " experts, but the " + Twine(topGroups) +
                                                " selected groups hold only " + Twine(topGroups * perGroup) +
                                                ": lower top_k or raise top_groups")
      .expect(groups == 1 || op.getGroupScore() == GroupScore::Max || perGroup >= 2,
              "cannot score groups of one expert by the sum of their two best: use group_score = max");
}

LogicalResult RouterOp::verify() {
  RankedTensorType logits = getLogits().getType();
  int64_t experts = channels(logits);
  Checks checks(*this);
  checks.rows("the logits", logits).range("top_k", getTopK(), 1, experts, "the number of experts");
  checkGroups(*this, experts, checks);
  SmallVector<int64_t> chosen = withChannels(logits, getTopK());
  return checks.shape("the indices", getIndices().getType(), chosen, "the logits' rows × top_k")
      .shape("the expert weights", getExpertWeights().getType(), chosen, "the logits' rows × top_k")
      .shape("the load", getLoad().getType(), {experts}, "experts")
      .sameElementType({logits, getExpertWeights().getType()})
      .positiveReal("scale", getScale());
}

LogicalResult RouterGradientOp::verify() {
  RankedTensorType logits = getLogits().getType(), indices = getIndices().getType();
  return Checks(*this)
      .rows("the logits", logits)
      .rows("the indices", indices)
      .range("the number of indices", channels(indices), 1, channels(logits), "the number of experts")
      .shape("the indices", indices, withChannels(logits, channels(indices)), "the logits' rows × top_k")
      .shape("the gradient", getGradient().getType(), indices.getShape(), "the shape of the indices")
      .positiveReal("scale", getScale());
}

/// Balance losses are means over sequences, so their logits have both leading dimensions.
static Checks checkBalance(Operation *op, RankedTensorType logits) {
  Checks checks(op);
  checks.rank("the logits", logits, 3, "batch × sequence × experts").rows("the logits", logits);
  return checks;
}

LogicalResult SequenceBalanceLossOp::verify() {
  RankedTensorType logits = getLogits().getType();
  return checkBalance(*this, logits).range("top_k", getTopK(), 1, channels(logits), "the number of experts");
}

LogicalResult SequenceBalanceLossGradientOp::verify() {
  RankedTensorType logits = getLogits().getType();
  return checkBalance(*this, logits).range("top_k", getTopK(), 1, channels(logits), "the number of experts");
}

LogicalResult VarianceBalanceLossOp::verify() { return checkBalance(*this, getLogits().getType()); }

LogicalResult VarianceBalanceLossGradientOp::verify() { return checkBalance(*this, getLogits().getType()); }

LogicalResult ExpertsOp::verify() {
  RankedTensorType input = getType(), indices = getIndices().getType();
  if (auto router = getIndices().getDefiningOp<RouterOp>())
    if (int64_t scored = channels(router.getLogits().getType()); scored != int64_t(getCount())) {
      InFlightDiagnostic diagnostic = emitOpError("has ") << getCount() << " experts (`count`), but its router chooses "
                                                          << "among " << scored;
      diagnostic.attachNote(router.getLoc()) << "the router is here";
      return diagnostic;
    }
  return Checks(*this)
      .length("width", getWidth())
      .length("count", getCount())
      .rows("the input", input)
      .rows("the indices", indices)
      .range("the number of indices", channels(indices), 1, getCount(), "the number of experts, `count`")
      .shape("the indices", indices, withChannels(input, channels(indices)), "the input's rows × top_k")
      .shape("the expert weights", getExpertWeights().getType(), indices.getShape(), "the shape of the indices");
}

LogicalResult DispatchOp::verify() {
  RankedTensorType indices = getIndices().getType(), offsets = getOffsets().getType();
  return Checks(*this)
      .rows("the indices", indices)
      .shape("the pairs", getPairs().getType(), {countElements(indices.getShape())}, "tokens · choices")
      .shape("the rows", getRows().getType(), indices.getShape(), "the shape of the indices")
      .rank("the offsets", offsets, 1, "experts + 1")
      .expect(channels(offsets) >= 2,
              "expects offsets of a known number of experts and one, got " + shapeText(offsets.getShape()));
}

LogicalResult GatherRowsOp::verify() {
  RankedTensorType input = getInput().getType(), rows = getRows().getType(), result = getType();
  int64_t pairs = countElements(rows.getShape());
  return Checks(*this)
      .rows("the input", input)
      .rows("the rows", rows)
      .shape("the rows", rows, withChannels(input, channels(rows)), "the input's leading dimensions × choices")
      .shape("the pairs", getPairs().getType(), {pairs}, "tokens · choices")
      .shape("the result", result, {pairs, channels(input)}, "tokens · choices × channels")
      .sameElementType({input, result});
}

LogicalResult CombineRowsOp::verify() {
  RankedTensorType input = getInput().getType(), rows = getRows().getType(), result = getType();
  int64_t pairs = countElements(rows.getShape());
  Checks checks(*this);
  checks.rows("the result", result)
      .rows("the rows", rows)
      .shape("the rows", rows, withChannels(result, channels(rows)), "the result's leading dimensions × choices")
      .shape("the pairs", getPairs().getType(), {pairs}, "tokens · choices")
      .shape("the input", input, {pairs, channels(result)}, "tokens · choices × channels")
      .sameElementType({input, result});
  if (Value weights = getExpertWeights())
    checks.shape("the expert weights", cast<RankedTensorType>(weights.getType()), rows.getShape(),
                 "the shape of the rows");
  return checks;
}

LogicalResult CombineRowsGradientOp::verify() {
  RankedTensorType input = getInput().getType(), weights = getExpertWeights().getType(),
                   gradient = getGradient().getType();
  int64_t pairs = countElements(weights.getShape());
  return Checks(*this)
      .rows("the gradient", gradient)
      .rows("the expert weights", weights)
      .shape("the expert weights", weights, withChannels(gradient, channels(weights)),
             "the gradient's leading dimensions × choices")
      .shape("the pairs", getPairs().getType(), {pairs}, "tokens · choices")
      .shape("the input", input, {pairs, channels(gradient)}, "tokens · choices × channels");
}

/// The number of experts that an offsets tensor serves.
static int64_t countExperts(RankedTensorType offsets) { return addLengths(channels(offsets), -1); }

LogicalResult GroupedMatmulOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType(), offsets = getOffsets().getType();
  Checks checks(*this);
  checks.rank("the left-hand side", lhs, 2, "rows × summed channels")
      .rank("the right-hand side", rhs, 3,
            getTransposeRhs() ? "experts × columns × summed channels" : "experts × summed channels × columns")
      .rank("the offsets", offsets, 1, "experts + 1");
  if (failed(LogicalResult(checks)))
    return failure();
  int64_t columns = rhs.getDimSize(getTransposeRhs() ? 1 : 2), inner = rhs.getDimSize(getTransposeRhs() ? 2 : 1);
  return checks
      .expect(compatible(channels(lhs), inner), "expects both sides to agree in the dimension that is summed, got " +
                                                    Twine(channels(lhs)) + " on the left and " + Twine(inner) +
                                                    " on the right: check transpose_rhs")
      .shape("the offsets", offsets, {addLengths(rhs.getDimSize(0), 1)}, "experts + 1")
      .shape("the result", getType(), {lhs.getDimSize(0), columns}, "rows × columns")
      .productTypes({lhs, rhs}, getType())
      .computeType(getCompute());
}

LogicalResult GroupedOuterProductOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType(), offsets = getOffsets().getType();
  return Checks(*this)
      .rank("the left-hand side", lhs, 2, "rows × channels")
      .shape("the right-hand side", rhs, {firstLength(lhs), channels(rhs)}, "the left-hand side's rows × channels")
      .rank("the offsets", offsets, 1, "experts + 1")
      .shape("the result", getType(), {countExperts(offsets), channels(lhs), channels(rhs)},
             "experts × left channels × right channels")
      .productTypes({lhs, rhs}, getType())
      .computeType(getCompute());
}
