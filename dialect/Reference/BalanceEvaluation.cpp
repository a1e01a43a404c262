//===- BalanceEvaluation.cpp - what the balance losses mean -------------------------------------------------------===//
//
// Reference evaluations, in float64, of both balance losses of ExpertOps.td and their gradients. Notation per sequence
// of T tokens: s_i,t the score of expert i, g_i,t = s_i,t / Σ_j s_j,t, and their mean over the tokens P_i.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

/// The scores of every token divided by their sum.
static Tensor normalizedScores(const Tensor &scores) {
  Tensor result(scores.shape);
  for (int64_t t = 0; t < scores.rows(); ++t) {
    double sum = 0.0;
    for (double score : row(scores, t))
      sum += score;
    for (int64_t e = 0; e < scores.columns(); ++e)
      result.at(t, e) = scores.at(t, e) / sum;
  }
  return result;
}

/// The mean over a sequence's tokens: [batch, experts] from [batch, sequence, experts].
static Tensor meanOverTokens(const Tensor &scores) {
  int64_t batch = scores.shape[0], length = scores.shape[1], experts = scores.shape[2];
  Tensor result({batch, experts});
  for (int64_t t = 0; t < batch * length; ++t)
    for (int64_t e = 0; e < experts; ++e)
      result.at(t / length, e) += scores.at(t, e) / length;
  return result;
}

/// f_i of every sequence: experts / (k T) times the number of its tokens that have expert i among their k best scores.
static Tensor frequencies(const Tensor &scores, int64_t topK) {
  int64_t batch = scores.shape[0], length = scores.shape[1], experts = scores.shape[2];
  Tensor result({batch, experts});
  for (int64_t t = 0; t < batch * length; ++t)
    for (int64_t e : largest(row(scores, t), topK))
      result.at(t / length, e) += double(experts) / (topK * length);
  return result;
}

/// Gradient of the logits from `meanGradient`, that of P_i of every sequence: through the mean over tokens, the
/// normalisation (ds_i = (dg_i - Σ_j dg_j g_j) / Σ s) and the score function.
static Tensor logitsGradient(const Tensor &scores, const Tensor &meanGradient, ScoreFunction function) {
  int64_t length = scores.shape[1], experts = scores.columns();
  Tensor normalized = normalizedScores(scores), result(scores.shape);
  for (int64_t t = 0; t < scores.rows(); ++t) {
    double sum = 0.0, dot = 0.0;
    for (int64_t e = 0; e < experts; ++e) {
      sum += scores.at(t, e);
      dot += meanGradient.at(t / length, e) / length * normalized.at(t, e);
    }
    SmallVector<double> gradient;
    for (int64_t e = 0; e < experts; ++e)
      gradient.push_back((meanGradient.at(t / length, e) / length - dot) / sum);
    scoreGradient(row(scores, t), gradient, function, row(result, t));
  }
  return result;
}

LogicalResult SequenceBalanceLossOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor scores = routerScores(operands[0], getScoreFunction());
  Tensor f = frequencies(scores, getTopK()), p = meanOverTokens(normalizedScores(scores));
  double sum = 0.0;
  for (int64_t i = 0; i < f.size(); ++i)
    sum += f.data[i] * p.data[i];
  results.push_back(scalar(sum / f.rows()));
  return success();
}

LogicalResult SequenceBalanceLossGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor scores = routerScores(operands[0], getScoreFunction());
  Tensor meanGradient = frequencies(scores, getTopK());
  for (double &element : meanGradient.data)
    element *= operands[1].data[0] / meanGradient.rows();
  results.push_back(logitsGradient(scores, meanGradient, getScoreFunction()));
  return success();
}

LogicalResult VarianceBalanceLossOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor p = meanOverTokens(normalizedScores(routerScores(operands[0], getScoreFunction())));
  double sum = 0.0;
  for (double mean : p.data)
    sum += (mean - 1.0 / p.columns()) * (mean - 1.0 / p.columns());
  results.push_back(scalar(sum / p.rows()));
  return success();
}

LogicalResult VarianceBalanceLossGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor scores = routerScores(operands[0], getScoreFunction());
  Tensor meanGradient = meanOverTokens(normalizedScores(scores));
  for (double &mean : meanGradient.data)
    mean = operands[1].data[0] * 2.0 * (mean - 1.0 / meanGradient.columns()) / meanGradient.rows();
  results.push_back(logitsGradient(scores, meanGradient, getScoreFunction()));
  return success();
}
