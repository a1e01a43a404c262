//===- ExpertEvaluation.cpp - what routers and mixtures of experts mean -------------------------------------------===//
//
// Reference evaluations, in float64, of the operations of ExpertOps.td, the balance losses apart (see
// BalanceEvaluation.cpp). hadal.experts is evaluated token by token from its own definition, without dispatch: it is
// the oracle of its decomposition.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

/// What the sum of the chosen scores is increased by before it divides them.
static constexpr double normalizationEpsilon = 1e-20;

/// Score of a group of experts from their selection scores.
static double groupScore(ArrayRef<double> selection, GroupScore kind) {
  double score = 0.0;
  for (int64_t e : largest(selection, kind == GroupScore::Top2Sum ? 2 : 1))
    score += selection[e];
  return score;
}

/// Replaces the selection scores of the experts in groups that are not among the best.
static void limitGroups(RouterOp op, MutableArrayRef<double> selection) {
  int64_t groups = op.getGroups(), size = selection.size() / groups;
  SmallVector<double> groupScores;
  for (int64_t g = 0; g < groups; ++g)
    groupScores.push_back(groupScore(selection.slice(g * size, size), op.getGroupScore()));
  SmallVector<int64_t> kept = largest(groupScores, op.getTopGroups());
  for (int64_t e = 0; e < int64_t(selection.size()); ++e)
    if (!is_contained(kept, e / size))
      selection[e] = op.getExcludedGroups() == ExcludedGroups::Zero ? 0.0 : -INFINITY;
}

LogicalResult RouterOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &logits = operands[0];
  int64_t experts = logits.columns(), topK = getTopK();
  Tensor scores = routerScores(logits, getScoreFunction());
  Tensor indices(withColumns(logits, topK)), weights(withColumns(logits, topK)), load({experts});
  for (int64_t t = 0; t < logits.rows(); ++t) {
    SmallVector<double> selection(row(std::as_const(scores), t));
    if (operands.size() > 1)
      for (int64_t e = 0; e < experts; ++e)
        selection[e] += operands[1].data[e];
    if (getGroups() > 1)
      limitGroups(*this, selection);

    SmallVector<int64_t> chosen = largest(selection, topK);
    double sum = 0.0;
    for (int64_t e : chosen)
      sum += scores.at(t, e);
    for (auto [j, e] : enumerate(chosen)) {
      indices.at(t, j) = e;
      weights.at(t, j) = getScale().convertToDouble() * scores.at(t, e);
      if (getNormalize())
        weights.at(t, j) /= sum + normalizationEpsilon;
      load.data[e] += 1.0;
    }
  }
  results.push_back(std::move(indices));
  results.push_back(std::move(weights));
  results.push_back(std::move(load));
  return success();
}

// With u_j the chosen scores and S = Σ u + ε, w_j = scale u_j / S, so du_j = scale (g_j - Σ_i g_i u_i / S) / S.
LogicalResult RouterGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &logits = operands[0], &indices = operands[1], &gradient = operands[2];
  double scale = getScale().convertToDouble();
  if (failed(checkIndices(*this, indices, logits.columns(), "expert")))
    return failure();
  Tensor scores = routerScores(logits, getScoreFunction());
  Tensor result(logits.shape);
  for (int64_t t = 0; t < logits.rows(); ++t) {
    double sum = normalizationEpsilon, weighted = 0.0;
    for (int64_t j = 0; j < indices.columns(); ++j) {
      double score = scores.at(t, int64_t(indices.at(t, j)));
      sum += score;
      weighted += gradient.at(t, j) * score;
    }
    SmallVector<double> scoreGradients(logits.columns(), 0.0);
    for (int64_t j = 0; j < indices.columns(); ++j)
      scoreGradients[int64_t(indices.at(t, j))] +=
          getNormalize() ? scale * (gradient.at(t, j) - weighted / sum) / sum : scale * gradient.at(t, j);
    scoreGradient(row(std::as_const(scores), t), scoreGradients, getScoreFunction(), row(result, t));
  }
  results.push_back(std::move(result));
  return success();
}

/// Matrix e of a stack [count, rows, columns].
static Tensor matrixOf(const Tensor &stack, int64_t e) {
  Tensor result({stack.shape[1], stack.shape[2]});
  for (int64_t i = 0; i < result.size(); ++i)
    result.data[i] = stack.data[e * result.size() + i];
  return result;
}

LogicalResult ExpertsOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0], &indices = operands[1], &weights = operands[2];
  if (failed(checkIndices(*this, indices, getCount(), "expert")))
    return failure();
  Tensor result(input.shape);
  for (int64_t t = 0; t < input.rows(); ++t) {
    Tensor token({1, input.columns()});
    for (int64_t c = 0; c < input.columns(); ++c)
      token.data[c] = input.at(t, c);
    for (int64_t j = 0; j < indices.columns(); ++j) {
      int64_t e = indices.at(t, j);
      Tensor output = gatedMLP(token, matrixOf(operands[3], e), matrixOf(operands[4], e), matrixOf(operands[5], e));
      for (int64_t c = 0; c < input.columns(); ++c)
        result.at(t, c) += weights.at(t, j) * output.data[c];
    }
  }
  results.push_back(std::move(result));
  return success();
}

LogicalResult DispatchOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &indices = operands[0];
  Tensor pairs({indices.size()}), rows(indices.shape), offsets(getOffsets().getType().getShape());
  int64_t experts = offsets.size() - 1;
  if (failed(checkIndices(*this, indices, experts, "expert")))
    return failure();
  int64_t next = 0;
  for (int64_t e = 0; e < experts; ++e) {
    for (int64_t pair = 0; pair < indices.size(); ++pair)
      if (indices.data[pair] == e) {
        pairs.data[next] = pair;
        rows.data[pair] = next++;
      }
    offsets.data[e + 1] = next;
  }
  results.push_back(std::move(pairs));
  results.push_back(std::move(rows));
  results.push_back(std::move(offsets));
  return success();
}

LogicalResult GatherRowsOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0], &pairs = operands[1];
  int64_t topK = pairs.size() / std::max<int64_t>(input.rows(), 1);
  if (failed(checkIndices(*this, pairs, input.rows() * topK, "pair")))
    return failure();
  Tensor result({pairs.size(), input.columns()});
  for (int64_t r = 0; r < pairs.size(); ++r)
    for (int64_t c = 0; c < input.columns(); ++c)
      result.at(r, c) = input.at(int64_t(pairs.data[r]) / topK, c);
  results.push_back(std::move(result));
  return success();
}

LogicalResult CombineRowsOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0], &rows = operands[1];
  bool weighted = operands.size() > 3;
  if (failed(checkIndices(*this, rows, input.rows(), "row")))
    return failure();
  Tensor result(withColumns(rows, input.columns()));
  for (int64_t t = 0; t < rows.rows(); ++t)
    for (int64_t j = 0; j < rows.columns(); ++j)
      for (int64_t c = 0; c < input.columns(); ++c)
        result.at(t, c) += (weighted ? operands[3].at(t, j) : 1.0) * input.at(int64_t(rows.at(t, j)), c);
  results.push_back(std::move(result));
  return success();
}

LogicalResult CombineRowsGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0], &pairs = operands[1], &weights = operands[2], &gradient = operands[3];
  if (failed(checkIndices(*this, pairs, weights.size(), "pair")))
    return failure();
  Tensor inputGradient(input.shape), weightsGradient(weights.shape);
  for (int64_t r = 0; r < input.rows(); ++r) {
    int64_t pair = pairs.data[r], token = pair / weights.columns();
    for (int64_t c = 0; c < input.columns(); ++c) {
      inputGradient.at(r, c) = weights.data[pair] * gradient.at(token, c);
      weightsGradient.data[pair] += gradient.at(token, c) * input.at(r, c);
    }
  }
  results.push_back(std::move(inputGradient));
  results.push_back(std::move(weightsGradient));
  return success();
}

LogicalResult GroupedMatmulOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &lhs = operands[0], &rhs = operands[1], &offsets = operands[2];
  if (failed(checkIndices(*this, offsets, lhs.rows() + 1, "offset")))
    return failure();
  int64_t columns = rhs.shape[getTransposeRhs() ? 1 : 2];
  Tensor result({lhs.rows(), columns});
  for (int64_t e = 0; e < rhs.shape[0]; ++e) {
    Tensor matrix = getTransposeRhs() ? matrixOf(rhs, e) : transposed(matrixOf(rhs, e));
    for (int64_t r = offsets.data[e]; r < offsets.data[e + 1]; ++r)
      for (int64_t c = 0; c < columns; ++c)
        result.at(r, c) = dot(row(lhs, r), row(std::as_const(matrix), c));
  }
  results.push_back(std::move(result));
  return success();
}

LogicalResult GroupedOuterProductOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &lhs = operands[0], &rhs = operands[1], &offsets = operands[2];
  if (failed(checkIndices(*this, offsets, lhs.rows() + 1, "offset")))
    return failure();
  Tensor result({offsets.size() - 1, lhs.columns(), rhs.columns()});
  for (int64_t e = 0; e < result.shape[0]; ++e)
    for (int64_t r = offsets.data[e]; r < offsets.data[e + 1]; ++r)
      for (int64_t a = 0; a < lhs.columns(); ++a)
        accumulate(row(result, e * lhs.columns() + a), lhs.at(r, a), row(rhs, r));
  results.push_back(std::move(result));
  return success();
}
