//===- NormEvaluation.cpp - what RMSNorm and the rowwise primitives mean ------------------------------------------===//
//
// Reference evaluations, in float64, of the operations of NormOps.td.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

/// 1 / sqrt(mean(x²) + eps) of one row.
static double inverseRootMeanSquare(ArrayRef<double> row, double eps) {
  double squares = 0.0;
  for (double element : row)
    squares += element * element;
  return 1.0 / std::sqrt(squares / row.size() + eps);
}

LogicalResult RMSNormOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  results.push_back(rmsNorm(operands[0], operands[1], getEps().convertToDouble()));
  return success();
}

LogicalResult RMSNormGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &x = operands[0], &weight = operands[1], &gradient = operands[2];
  Tensor result(x.shape);
  for (int64_t r = 0; r < x.rows(); ++r) {
    double inverse = inverseRootMeanSquare(row(x, r), getEps().convertToDouble());
    double mean = 0.0;
    for (int64_t c = 0; c < x.columns(); ++c)
      mean += gradient.at(r, c) * weight.data[c] * x.at(r, c) / x.columns();
    for (int64_t c = 0; c < x.columns(); ++c)
      result.at(r, c) = inverse * (gradient.at(r, c) * weight.data[c] - x.at(r, c) * inverse * inverse * mean);
  }
  results.push_back(std::move(result));
  return success();
}

LogicalResult RMSNormWeightGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &x = operands[0], &gradient = operands[1];
  Tensor result({x.columns()});
  for (int64_t r = 0; r < x.rows(); ++r) {
    double inverse = inverseRootMeanSquare(row(x, r), getEps().convertToDouble());
    for (int64_t c = 0; c < x.columns(); ++c)
      result.data[c] += gradient.at(r, c) * x.at(r, c) * inverse;
  }
  results.push_back(std::move(result));
  return success();
}

LogicalResult RowReduceOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0];
  bool add = getReduction() == Reduction::Add;
  Tensor result(withColumns(input, 1), add ? 0.0 : -INFINITY);
  for (int64_t r = 0; r < input.rows(); ++r)
    for (double element : row(input, r))
      result.data[r] = add ? result.data[r] + element : std::fmax(result.data[r], element);
  results.push_back(std::move(result));
  return success();
}

LogicalResult ExpandOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0];
  Tensor result(getType().getShape());
  for (int64_t i = 0; i < result.size(); ++i) {
    // Walk the dimensions from the last: `remaining` is what is left of the result's index, `stride` the input's.
    int64_t remaining = i, source = 0, stride = 1;
    for (int64_t d = 1; d <= input.rank(); ++d) {
      int64_t length = input.shape[input.rank() - d];
      int64_t position = remaining % result.shape[result.rank() - d];
      remaining /= result.shape[result.rank() - d];
      source += (length == 1 ? 0 : position) * stride;
      stride *= length;
    }
    result.data[i] = input.data[source];
  }
  results.push_back(std::move(result));
  return success();
}
