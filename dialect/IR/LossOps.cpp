//===- LossOps.cpp - the head with its cross entropy, and multi-token prediction ----------------------------------===//
//
// Parameters and checks of the family's operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"
#include "dialect/IR/LayerFunctions.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> CrossEntropyOp::getParameterSlots() {
  auto type = RankedTensorType::get({int64_t(getVocabulary()), channels(getHidden().getType())},
                                    getHidden().getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Normal}};
}

TokenScores CrossEntropyOp::buildScores(OpBuilder &builder) {
  auto perToken = RankedTensorType::get(getTargets().getType().getShape(), builder.getF32Type());
  auto scores = LogProbabilitiesOp::create(builder, getLoc(), getType(), perToken, getHidden(), getTargets(),
                                           getWeights().front());
  return {scores.getLoss(), scores.getLogProbabilities()};
}

TokenLogits CrossEntropyOp::buildLogits(OpBuilder &builder, function_ref<Value(Value)> pickRows) {
  auto hidden = cast<TypedValue<RankedTensorType>>(pickRows(getHidden()));
  auto perRow = [&](int64_t count) {
    return RankedTensorType::get(withChannels(hidden.getType(), count), builder.getF32Type());
  };
  auto op = LogitsOp::create(builder, getLoc(), perRow(getVocabulary()), perRow(2), hidden, getWeights().front());
  return {op.getLogits(), op.getNormalizers()};
}

/// The norms of embedding and hidden state, and the projection of both to one.
static SmallVector<ParameterSlot> mergeSlots(RankedTensorType hidden, ArrayRef<std::string> names) {
  int64_t width = channels(hidden);
  auto type = [&](ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, hidden.getElementType()); };
  return {{names[0], type({width}), Initializer::Ones},
          {names[1], type({width}), Initializer::Ones},
          {names[2], type({width, 2 * width}), Initializer::Normal}};
}

SmallVector<ParameterSlot> MTPMergeOp::getParameterSlots() {
  return mergeSlots(getType(), {getParameterName(*this, 0), getParameterName(*this, 1), getParameterName(*this, 2)});
}

// Embedding and head are the main model's.
SmallVector<ParameterSlot> MTPOp::getLayerSlots() {
  RankedTensorType hidden = getHidden().getType();
  SmallVector<ParameterSlot> slots = mergeSlots(hidden, {"enorm.weight", "hnorm.weight", "eh_proj.weight"});
  slots.push_back({"shared_head.norm.weight", slots.front().type, Initializer::Ones});
  return slots;
}

bool MTPOp::isAuxiliary() { return true; }

LogicalResult CrossEntropyOp::verify() {
  RankedTensorType hidden = getHidden().getType();
  return Checks(*this)
      .length("vocabulary", getVocabulary())
      .rows("the hidden state", hidden)
      .shape("the targets", getTargets().getType(), leading(hidden), "the hidden state's leading dimensions");
}

LogicalResult CrossEntropyGradientOp::verify() {
  RankedTensorType hidden = getHidden().getType(), weight = getWeight().getType();
  return Checks(*this)
      .rows("the hidden state", hidden)
      .shape("the targets", getTargets().getType(), leading(hidden), "the hidden state's leading dimensions")
      .rank("the weight", weight, 2, "vocabulary × channels")
      .shape("the weight", weight, {firstLength(weight), channels(hidden)}, "vocabulary × channels")
      .shape("the hidden state's gradient", getHiddenGradient().getType(), hidden.getShape(),
             "the shape of the hidden state")
      .shape("the weight's gradient", getWeightGradient().getType(), weight.getShape(), "the shape of the weight")
      .productTypes({hidden, weight}, {getHiddenGradient().getType(), getWeightGradient().getType()});
}

LogicalResult LogProbabilitiesOp::verify() {
  RankedTensorType hidden = getHidden().getType(), weight = getWeight().getType();
  return Checks(*this)
      .rows("the hidden state", hidden)
      .shape("the targets", getTargets().getType(), leading(hidden), "the hidden state's leading dimensions")
      .rank("the weight", weight, 2, "vocabulary × channels")
      .shape("the weight", weight, {firstLength(weight), channels(hidden)}, "vocabulary × channels")
      .shape("the log-probabilities", getLogProbabilities().getType(), leading(hidden),
             "the hidden state's leading dimensions")
      .productTypes({hidden, weight}, {});
}

LogicalResult LogitsOp::verify() {
  RankedTensorType hidden = getHidden().getType(), weight = getWeight().getType();
  return Checks(*this)
      .rows("the hidden state", hidden)
      .rank("the weight", weight, 2, "vocabulary × channels")
      .shape("the weight", weight, {firstLength(weight), channels(hidden)}, "vocabulary × channels")
      .shape("the logits", getLogits().getType(), withChannels(hidden, firstLength(weight)),
             "the hidden state's leading dimensions × vocabulary")
      .shape("the normalizers", getNormalizers().getType(), withChannels(hidden, 2),
             "the hidden state's leading dimensions × 2")
      .productTypes({hidden, weight}, {});
}

LogicalResult MTPMergeOp::verify() {
  return Checks(*this).rows("the hidden state", getType()).positiveReal("eps", getEps());
}

LogicalResult MTPOp::verify() {
  RankedTensorType hidden = getHidden().getType(), window = getWindow().getType();
  if (failed(verifyLayerRange(*this, getStart(), getEnd(), getFunctions())))
    return failure();
  return Checks(*this)
      .rank("the hidden state", hidden, 3, "batch × sequence × channels")
      .rows("the hidden state", hidden)
      .rank("the window", window, 2, "batch × positions")
      .expect(compatible(firstLength(hidden), firstLength(window)),
              "expects the hidden state and the window to have the same batch, got " + shapeText(hidden.getShape()) +
                  " and " + shapeText(window.getShape()))
      .length("vocabulary", getVocabulary())
      .positiveReal("eps", getEps())
      .expect(!getEmbedding().empty() && !getNorm().empty() && !getHead().empty(),
              "expects the names of the main model's embedding, norm and head");
}

LogicalResult MTPOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  return verifyLayerFunctions(*this, getFunctions(), getHidden().getType(), getLosses().size(), symbolTable);
}
