//===- LossEvaluation.cpp - what the head, its cross entropy and the MTP merge mean -------------------------------===//
//
// Reference evaluations, in float64, of the operations of LossOps.td. hadal.mtp itself calls functions; the evaluator
// runs it (Evaluator.cpp).
//
//===--------------------------------------------------------------------------------------------------------------===//
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
      for (int64_t c = 0; c < hidden.columns(); ++c) {
        hiddenGradient.at(t, c) += dz * head.at(v, c);
        headGradient.at(v, c) += dz * hidden.at(t, c);
      }
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

LogicalResult MTPMergeOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  results.push_back(
      mtpMerge(operands[0], operands[1], operands[2], operands[3], operands[4], getEps().convertToDouble()));
  return success();
}
