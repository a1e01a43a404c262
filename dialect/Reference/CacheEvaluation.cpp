//===- CacheEvaluation.cpp - what reading and writing a cache means -----------------------------------------------===//
//
// Reference evaluations, in float64, of the operations of CacheOps.td.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"

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
    if (double(i % keys) < lengths.data[i / keys])
      if (std::optional<int64_t> place = findRow(cache, pages, i / keys, double(i % keys)))
        llvm::copy(row(cache, *place), row(result, i).begin());
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
