//===- RowExpansions.cpp - operations along a row in elementwise arithmetic --------------------------------------===//
//
// Implements expandRows: an operation along the last dimension becomes `arith` and `math` on tensors, hadal.row_reduce
// and hadal.expand, which the kernels' emitters understand. What only moves columns (ColumnsOpInterface) they
// understand as it is.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"
#include <limits>

using namespace mlir;
using namespace hadal;

namespace {

/// Elementwise arithmetic on tensors of one shape, with columns and rows repeated where needed.
class Rows {
public:
  Rows(OpBuilder &builder, Location loc, Value like)
      : builder(builder), loc(loc), type(cast<RankedTensorType>(like.getType())) {
    SmallVector<int64_t> shape(type.getShape());
    if (!shape.empty())
      shape.back() = 1;
    oneColumn = type.clone(shape);
  }

  Value constant(double value) { return constant(type, value); }
  Value columnConstant(double value) { return constant(oneColumn, value); }
  Value add(Value a, Value b) { return arith::AddFOp::create(builder, loc, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(builder, loc, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(builder, loc, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(builder, loc, a, b); }
  Value expand(Value value) {
    return value.getType() == type ? value : ExpandOp::create(builder, loc, type, value).getResult();
  }
  Value mean(Value value) {
    Value sum = RowReduceOp::create(builder, loc, oneColumn, Reduction::Add, value);
    return mul(sum, columnConstant(1.0 / double(type.getShape().back())));
  }
  /// 1 / sqrt(mean(x²) + eps), one number per row.
  Value inverseRootMeanSquare(Value x, double eps) {
    return math::RsqrtOp::create(builder, loc, add(mean(mul(x, x)), columnConstant(eps)));
  }
  /// The argument with -inf replaced by the lowest finite number: x · sigmoid(x) is then 0 there instead of NaN.
  Value finite(Value x) {
    Value lowest = constant(double(std::numeric_limits<float>::lowest()));
    Value isLower = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, x, lowest);
    return arith::SelectOp::create(builder, loc, isLower, lowest, x);
  }
  Value sigmoid(Value x) {
    Value negated = arith::NegFOp::create(builder, loc, x);
    Value one = constant(1.0);
    return div(one, add(one, math::ExpOp::create(builder, loc, negated)));
  }

private:
  Value constant(RankedTensorType type, double value) {
    auto attribute = SplatElementsAttr::get(type, builder.getFloatAttr(type.getElementType(), value));
    return arith::ConstantOp::create(builder, loc, attribute);
  }

  OpBuilder &builder;
  Location loc;
  RankedTensorType type, oneColumn;
};

} // namespace

SmallVector<Value> RMSNormOp::expandRows(OpBuilder &builder) {
  Rows rows(builder, getLoc(), getInput());
  Value scale = rows.expand(rows.inverseRootMeanSquare(getInput(), getEps().convertToDouble()));
  return {rows.mul(rows.mul(getInput(), scale), rows.expand(getWeights().front()))};
}

SmallVector<Value> RMSNormGradientOp::expandRows(OpBuilder &builder) {
  Rows rows(builder, getLoc(), getInput());
  Value r = rows.inverseRootMeanSquare(getInput(), getEps().convertToDouble());
  Value g = rows.mul(getGradient(), rows.expand(getWeight()));
  Value slope = rows.mul(rows.mul(r, r), rows.mean(rows.mul(g, getInput())));
  return {rows.mul(rows.expand(r), rows.sub(g, rows.mul(getInput(), rows.expand(slope))))};
}

SmallVector<Value> SwiGLUOp::expandRows(OpBuilder &builder) {
  Rows rows(builder, getLoc(), getGate());
  Value gate = rows.finite(getGate());
  return {rows.mul(rows.mul(gate, rows.sigmoid(getGate())), getUp())};
}

SmallVector<Value> SwiGLUGradientOp::expandRows(OpBuilder &builder) {
  Rows rows(builder, getLoc(), getGate());
  Value gate = rows.finite(getGate()), sigmoid = rows.sigmoid(getGate()), one = rows.constant(1.0);
  // d silu = σ (1 + gate (1 - σ)).
  Value slope = rows.mul(sigmoid, rows.add(one, rows.mul(gate, rows.sub(one, sigmoid))));
  return {rows.mul(rows.mul(getGradient(), getUp()), slope), rows.mul(getGradient(), rows.mul(gate, sigmoid))};
}
