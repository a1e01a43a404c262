//===- QuantizeEvaluation.cpp - what block-scaled FP8 means -------------------------------------------------------===//
//
// Reference evaluations, in float64, of the operations of QuantizeOps.td. A code is held as the real number that it
// stands for. Scales are not rounded to their element type: a kernel's own rounding is part of its error.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"
#include "llvm/ADT/APFloat.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

/// The largest finite E4M3 number.
static constexpr double largestCode = 448.0;
/// The least largest magnitude of a block, so that a block of zeros has a scale.
static constexpr double leastMagnitude = 1e-4;

/// The E4M3 number nearest to x, to even among equals, saturating.
static double roundToE4M3(double x) {
  APFloat code(std::fmax(std::fmin(x, largestCode), -largestCode));
  bool losesInformation;
  code.convert(APFloat::Float8E4M3FN(), APFloat::rmNearestTiesToEven, &losesInformation);
  code.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInformation);
  return code.convertToDouble();
}

/// The least power of two that is not below x > 0.
static double nextPowerOfTwo(double x) {
  double power = std::scalbn(1.0, std::ilogb(x));
  return power < x ? 2.0 * power : power;
}

static int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The scale of the element's block.
static double scaleOf(const Tensor &scales, BlockScaleAttr block, int64_t row, int64_t column) {
  return scales.at(row / block.getRows(), column / block.getColumns());
}

LogicalResult QuantizeOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0];
  BlockScaleAttr block = getBlock();
  Tensor codes(input.shape);
  Tensor scales({ceilDivide(input.rows(), block.getRows()), ceilDivide(input.columns(), block.getColumns())},
                leastMagnitude);
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t c = 0; c < input.columns(); ++c) {
      double &magnitude = scales.at(r / block.getRows(), c / block.getColumns());
      magnitude = std::fmax(magnitude, std::fabs(input.at(r, c)));
    }
  for (double &scale : scales.data) {
    scale /= largestCode;
    if (block.getPowerOfTwo())
      scale = nextPowerOfTwo(scale);
  }
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t c = 0; c < input.columns(); ++c)
      codes.at(r, c) = roundToE4M3(input.at(r, c) / scaleOf(scales, block, r, c));
  results.push_back(std::move(codes));
  results.push_back(std::move(scales));
  return success();
}

LogicalResult DequantizeOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &codes = operands[0], &scales = operands[1];
  Tensor result(codes.shape);
  for (int64_t r = 0; r < codes.rows(); ++r)
    for (int64_t c = 0; c < codes.columns(); ++c)
      result.at(r, c) = codes.at(r, c) * scaleOf(scales, getBlock(), r, c);
  results.push_back(std::move(result));
  return success();
}

LogicalResult ScaledLinearOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0], &inputScales = operands[1], &weight = operands[2], &weightScales = operands[3];
  Tensor result(withColumns(input, weight.rows()));
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t o = 0; o < weight.rows(); ++o)
      for (int64_t k = 0; k < input.columns(); ++k)
        result.at(r, o) += input.at(r, k) * scaleOf(inputScales, getInputBlock(), r, k) * weight.at(o, k) *
                           scaleOf(weightScales, getWeightBlock(), o, k);
  results.push_back(std::move(result));
  return success();
}
