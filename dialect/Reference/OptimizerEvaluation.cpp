//===- OptimizerEvaluation.cpp - what the update of a training step means -----------------------------------------===//
//
// Reference evaluations, in float64, of the operations of OptimizerOps.td.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

LogicalResult AccumulateOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor result = operands[1];
  if (operands[2].data[0] != 0.0)
    for (int64_t i = 0; i < result.size(); ++i)
      result.data[i] += operands[0].data[i];
  results.push_back(std::move(result));
  return success();
}

LogicalResult SquaredNormOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  double sum = 0.0;
  for (double element : operands[0].data)
    sum += element * element;
  results.push_back(scalar(sum));
  return success();
}

LogicalResult GradientNormOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  double limit = operands[0].data[0], sum = 0.0;
  for (const Tensor &squared : operands.drop_front())
    sum += squared.data[0];
  double norm = std::sqrt(sum);
  results.push_back(scalar(norm));
  results.push_back(scalar(norm == 0.0 ? 1.0 : std::fmin(1.0, limit / norm)));
  return success();
}

LogicalResult AdamWOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &gradient = operands[1];
  Tensor parameter = operands[0], first = operands[2], second = operands[3];
  auto scalarAt = [&](unsigned index) { return operands[index].data[0]; };
  double learningRate = scalarAt(4), weightDecay = getDecay() ? scalarAt(5) : 0.0, beta1 = scalarAt(6);
  double beta2 = scalarAt(7), epsilon = scalarAt(8), correction1 = scalarAt(9), correction2 = scalarAt(10);
  double gradientScale = scalarAt(11);
  for (int64_t i = 0; i < parameter.size(); ++i) {
    double g = gradientScale * gradient.data[i];
    double m = first.data[i] = beta1 * first.data[i] + (1.0 - beta1) * g;
    double v = second.data[i] = beta2 * second.data[i] + (1.0 - beta2) * g * g;
    parameter.data[i] -=
        learningRate * (weightDecay * parameter.data[i] + (m / correction1) / (std::sqrt(v / correction2) + epsilon));
  }
  results.push_back(std::move(parameter));
  results.push_back(std::move(first));
  results.push_back(std::move(second));
  return success();
}

LogicalResult RouterBiasUpdateOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor bias = operands[0], load = operands[1];
  double rate = operands[2].data[0], mean = 0.0;
  for (double count : load.data)
    mean += count;
  // One rounding at the end: a load that equals the mean must compare equal to it.
  mean /= double(load.size());
  for (int64_t e = 0; e < bias.size(); ++e) {
    double deficit = mean - load.data[e];
    bias.data[e] += rate * (deficit > 0.0 ? 1.0 : deficit < 0.0 ? -1.0 : 0.0);
    load.data[e] = 0.0;
  }
  results.push_back(std::move(bias));
  results.push_back(std::move(load));
  return success();
}
