//===- CacheEvaluation.cpp - what reading and writing a cache means -----------------------------------------------===//
//
// Reference evaluations, in float64, of the operations of CacheOps.td.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

/// The row of the cache, over all its pages, at which a position of a sequence lies; nothing when it lies nowhere.
static std::optional<int64_t> findRow(const Tensor &cache, const Tensor &pages, int64_t sequence, double position) {
  int64_t length = cache.shape[1];
  if (!(position >= 0.0 && position < double(pages.columns() * length)))
    return std::nullopt;
  double page = pages.at(sequence, int64_t(position) / length);
  if (!(page >= 0.0 && page < double(cache.shape[0])))
    return std::nullopt;
  return int64_t(page) * length + int64_t(position) % length;
}

LogicalResult WritePagesOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &rows = operands[1], &pages = operands[2], &positions = operands[3];
  Tensor cache = operands[0];
  for (int64_t i = 0; i < rows.rows(); ++i)
    if (std::optional<int64_t> place = findRow(cache, pages, i / rows.shape[1], positions.data[i]))
      llvm::copy(row(rows, i), row(cache, *place).begin());
  results.push_back(std::move(cache));
  return success();
}

LogicalResult ReadPagesOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &cache = operands[0], &pages = operands[1], &lengths = operands[2];
  int64_t keys = getType().getDimSize(1);
  Tensor result(getType().getShape());
  for (int64_t i = 0; i < result.rows(); ++i)
    if (double(i % keys) >= lengths.data[i / keys])
      llvm::fill(row(result, i), NAN);
    else if (std::optional<int64_t> place = findRow(cache, pages, i / keys, double(i % keys)))
      llvm::copy(row(cache, *place), row(result, i).begin());
  results.push_back(std::move(result));
  return success();
}

LogicalResult LatentAttentionOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  return evaluateRounding(operands, asItIs, results);
}

LogicalResult LatentAttentionOp::evaluateRounding(ArrayRef<Tensor> operands, function_ref<double(double)> round,
                                                  SmallVectorImpl<Tensor> &results) {
  const Tensor &absorbed = operands[0], &query = operands[1], &latents = operands[2], &rotaryKeys = operands[3];
  const Tensor &pages = operands[4], &positions = operands[5], &lengths = operands[6];
  int64_t heads = getHeads(), rank = latents.columns(), rope = rotaryKeys.columns(), channels = query.columns() / heads;
  double scale = getScale().convertToDouble();
  const SmallVector<double> zeros(std::max(rank, rope), 0.0);
  Tensor result(absorbed.shape);
  for (int64_t r = 0; r < absorbed.rows(); ++r) {
    int64_t sequence = r / absorbed.shape[1], most = pages.columns() * latents.shape[1];
    int64_t seen = std::min({int64_t(positions.data[r]) + 1, int64_t(lengths.data[sequence]), most});
    auto keyOf = [&](const Tensor &cache, int64_t position) {
      std::optional<int64_t> place = findRow(cache, pages, sequence, double(position));
      return place ? row(cache, *place) : ArrayRef(zeros).take_front(cache.columns());
    };
    for (int64_t h = 0; h < heads; ++h) {
      ArrayRef<double> latentPart = row(absorbed, r).slice(h * rank, rank);
      ArrayRef<double> ropePart = row(query, r).slice(h * channels + channels - rope, rope);
      SmallVector<double> scores;
      for (int64_t j = 0; j < seen; ++j)
        scores.push_back(scale * (dot(latentPart, keyOf(latents, j)) + dot(ropePart, keyOf(rotaryKeys, j))));
      double denominator = logSumExp(scores);
      for (auto [j, score] : llvm::enumerate(scores))
        accumulate(row(result, r).slice(h * rank, rank), round(std::exp(score - denominator)), keyOf(latents, j));
    }
  }
  results.push_back(std::move(result));
  return success();
}

LogicalResult PickRowsOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0], &indices = operands[1];
  Tensor result(getType().getShape());
  for (int64_t i = 0; i < result.rows(); ++i) {
    double index = indices.data[i];
    if (index >= 0.0 && index < double(input.shape[1]))
      llvm::copy(row(input, i / indices.columns() * input.shape[1] + int64_t(index)), row(result, i).begin());
  }
  results.push_back(std::move(result));
  return success();
}
