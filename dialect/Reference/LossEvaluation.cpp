//===- LossEvaluation.cpp - what the head, its cross entropy and the MTP merge mean -------------------------------===//
//
// Reference evaluations, in float64, of the operations of LossOps.td.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Interfaces/Layers.h"
#include "dialect/Reference/Definitions.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

LogicalResult CrossEntropyOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  if (failed(checkIndices(*this, operands[1], operands[2].rows(), "target")))
    return failure();
  results.push_back(scalar(crossEntropy(operands[0], operands[1], operands[2])));
  return success();
}

LogicalResult CrossEntropyGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  return evaluateRounding(operands, asItIs, results);
}

LogicalResult CrossEntropyGradientOp::evaluateRounding(ArrayRef<Tensor> operands, function_ref<double(double)> round,
                                                       SmallVectorImpl<Tensor> &results) {
  const Tensor &hidden = operands[0], &targets = operands[1], &head = operands[2];
  if (failed(checkIndices(*this, targets, head.rows(), "target")))
    return failure();
  Tensor logits = linear(hidden, head);
  Tensor hiddenGradient(hidden.shape), headGradient(head.shape);
  for (int64_t t = 0; t < logits.rows(); ++t) {
    double denominator = logSumExp(row(std::as_const(logits), t));
    for (int64_t v = 0; v < logits.columns(); ++v) {
      double probability = round(std::exp(logits.at(t, v) - denominator));
      double dz = round(operands[3].data[0] / logits.rows() * (probability - (targets.data[t] == v ? 1.0 : 0.0)));
      accumulate(row(hiddenGradient, t), dz, row(head, v));
      accumulate(row(headGradient, v), dz, row(hidden, t));
    }
  }
  results.push_back(scalar(crossEntropy(hidden, targets, head)));
  results.push_back(std::move(hiddenGradient));
  results.push_back(std::move(headGradient));
  return success();
}

LogicalResult LogProbabilitiesOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &hidden = operands[0], &targets = operands[1], &head = operands[2];
  if (failed(checkIndices(*this, targets, head.rows(), "target")))
    return failure();
  Tensor logits = linear(hidden, head), scores(targets.shape);
  for (int64_t t = 0; t < logits.rows(); ++t)
    scores.data[t] = logits.at(t, int64_t(targets.data[t])) - logSumExp(row(std::as_const(logits), t));
  results.push_back(scalar(crossEntropy(hidden, targets, head)));
  results.push_back(std::move(scores));
  return success();
}

LogicalResult LogitsOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor logits = linear(operands[0], operands[1]), normalizers(getNormalizers().getType().getShape());
  for (int64_t t = 0; t < logits.rows(); ++t) {
    ArrayRef<double> z = row(std::as_const(logits), t);
    normalizers.at(t, 0) = *llvm::max_element(z);
    normalizers.at(t, 1) = logSumExp(z) - normalizers.at(t, 0);
  }
  results.push_back(std::move(logits));
  results.push_back(std::move(normalizers));
  return success();
}

LogicalResult MTPMergeOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  results.push_back(
      mtpMerge(operands[0], operands[1], operands[2], operands[3], operands[4], getEps().convertToDouble()));
  return success();
}

namespace {
/// Reads parameters until one is missing, and stands in for those that are.
class ParameterReader {
public:
  ParameterReader(LayerRunner &runner, MTPOp op) : runner(runner), op(op) {}

  Tensor read(const Twine &name, ArrayRef<int64_t> shape) {
    auto type = RankedTensorType::get(shape, op.getHidden().getType().getElementType());
    FailureOr<Tensor> tensor = missing ? FailureOr<Tensor>(failure()) : runner.getParameter(op, name.str(), type);
    missing |= failed(tensor);
    return missing ? Tensor(shape) : std::move(*tensor);
  }

  bool missing = false;

private:
  LayerRunner &runner;
  MTPOp op;
};
} // namespace

/// The window fits the hidden states, and its tokens are in the vocabulary.
static LogicalResult checkWindow(MTPOp op, const Tensor &hidden, const Tensor &window) {
  int64_t length = hidden.shape[1], needed = length + op.getTokensAhead() + 1;
  if (window.shape[0] != hidden.shape[0])
    return op.emitOpError() << "has a window of " << window.shape[0] << " sequences for hidden states of "
                            << hidden.shape[0];
  if (window.columns() < needed)
    return op.emitOpError() << "needs a window of " << needed << " tokens for sequences of " << length << ", got "
                            << window.columns();
  return checkIndices(op, window, op.getVocabulary(), "token");
}

LogicalResult MTPOp::evaluateLayers(LayerRunner &runner, ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor hidden = operands[0];
  const Tensor &window = operands[1];
  if (failed(checkWindow(*this, hidden, window)))
    return failure();
  int64_t depths = getTokensAhead(), length = hidden.shape[1], channels = hidden.columns();
  int64_t vocabulary = getVocabulary();
  double eps = getEps().convertToDouble();
  ParameterReader parameters(runner, *this);
  Tensor table = parameters.read(getEmbedding(), {vocabulary, channels});
  Tensor head = parameters.read(getHead(), {vocabulary, channels}), norm = parameters.read(getNorm(), {channels});
  Tensor loss = scalar(0.0);
  SmallVector<Tensor> losses(getLosses().size(), scalar(0.0));
  for (int64_t d = 1; d <= depths; ++d) {
    std::string layer = getPrefix().str() + "." + std::to_string(int64_t(getStart()) + d - 1);
    Tensor embeddingNorm = parameters.read(layer + ".enorm.weight", {channels});
    Tensor hiddenNorm = parameters.read(layer + ".hnorm.weight", {channels});
    Tensor projection = parameters.read(layer + ".eh_proj.weight", {channels, 2 * channels});
    Tensor nextNorm = parameters.read(layer + ".shared_head.norm.weight", {channels});
    if (parameters.missing)
      return failure();
    if (getHiddenState() == MTPHiddenState::PostNorm)
      hidden = rmsNorm(hidden, norm, eps);
    hidden =
        mtpMerge(hidden, embedding(tokensAhead(window, d, length), table), embeddingNorm, hiddenNorm, projection, eps);
    if (failed(runner.runLayer(*this, getFunctions(), layer, hidden, losses)))
      return failure();
    norm = std::move(nextNorm);
    loss.data[0] += crossEntropy(rmsNorm(hidden, norm, eps), tokensAhead(window, d + 1, length), head) / depths;
  }
  results.push_back(std::move(loss));
  results.append(std::make_move_iterator(losses.begin()), std::make_move_iterator(losses.end()));
  return success();
}
