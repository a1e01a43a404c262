//===- Softmax.cpp - softmax at a temperature ---------------------------------------------------------------------===//
//
// An operation along rows: its meaning in float64, its gradient, and how it is written in elementwise arithmetic and
// row reductions, from which both targets make kernels.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Tensor.h"
#include "test/outside/Outside.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace outside;
using hadal::reference::Tensor;

LogicalResult SoftmaxOp::verify() {
  if (getTemperature().convertToDouble() > 0.0)
    return success();
  return emitOpError("expects `temperature` to be above 0, got ") << getTemperatureAttr();
}

LogicalResult SoftmaxOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &x = operands[0];
  double temperature = getTemperature().convertToDouble();
  Tensor y(x.shape);
  for (int64_t r = 0; r < x.rows(); ++r) {
    double maximum = -INFINITY, sum = 0.0;
    for (int64_t c = 0; c < x.columns(); ++c)
      maximum = std::max(maximum, x.at(r, c));
    for (int64_t c = 0; c < x.columns(); ++c)
      sum += y.at(r, c) = std::exp((x.at(r, c) - maximum) / temperature);
    for (int64_t c = 0; c < x.columns(); ++c)
      y.at(r, c) /= sum;
  }
  results.push_back(std::move(y));
  return success();
}

LogicalResult SoftmaxGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &y = operands[0], &gradient = operands[1];
  Tensor result(y.shape);
  for (int64_t r = 0; r < y.rows(); ++r) {
    double mean = 0.0;
    for (int64_t c = 0; c < y.columns(); ++c)
      mean += gradient.at(r, c) * y.at(r, c);
    for (int64_t c = 0; c < y.columns(); ++c)
      result.at(r, c) = y.at(r, c) * (gradient.at(r, c) - mean) / getTemperature().convertToDouble();
  }
  results.push_back(std::move(result));
  return success();
}

SmallVector<Value> SoftmaxOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  return {SoftmaxGradientOp::create(builder, getLoc(), getResult(), gradients[0], getTemperatureAttr())};
}

namespace {
/// Arithmetic on rows, and on one number per row.
struct Rows {
  OpBuilder &builder;
  Location loc;
  RankedTensorType type;

  Value reduce(Reduction reduction, Value rows) {
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = 1;
    Value number = RowReduceOp::create(builder, loc, type.clone(shape), reduction, rows);
    return ExpandOp::create(builder, loc, type, number);
  }
  Value scale(Value rows, double factor) {
    auto constant = SplatElementsAttr::get(type, builder.getFloatAttr(type.getElementType(), factor));
    return arith::MulFOp::create(builder, loc, rows, arith::ConstantOp::create(builder, loc, constant));
  }
};
} // namespace

SmallVector<Value> SoftmaxOp::expandRows(OpBuilder &builder) {
  Rows rows{builder, getLoc(), getType()};
  Value scaled = rows.scale(getInput(), 1.0 / getTemperature().convertToDouble());
  Value distance = arith::SubFOp::create(builder, getLoc(), scaled, rows.reduce(Reduction::Maximum, scaled));
  Value power = math::ExpOp::create(builder, getLoc(), distance);
  return {arith::DivFOp::create(builder, getLoc(), power, rows.reduce(Reduction::Add, power))};
}

SmallVector<Value> SoftmaxGradientOp::expandRows(OpBuilder &builder) {
  Rows rows{builder, getLoc(), getType()};
  Value product = arith::MulFOp::create(builder, getLoc(), getGradient(), getOutput());
  Value distance = arith::SubFOp::create(builder, getLoc(), getGradient(), rows.reduce(Reduction::Add, product));
  Value slope = arith::MulFOp::create(builder, getLoc(), getOutput(), distance);
  return {rows.scale(slope, 1.0 / getTemperature().convertToDouble())};
}

KernelKind SoftmaxOp::getKernelKind() { return KernelKind::Rowwise; }
KernelKind SoftmaxGradientOp::getKernelKind() { return KernelKind::Rowwise; }
