//===- ElementwiseGradients.cpp - gradients of upstream's elementwise operations ----------------------------------===//
//
// Models of DifferentiableOpInterface for `arith` and `math` on floats and on tensors of floats of equal shape, which
// is what the dialect uses for elementwise arithmetic.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Gradients/ElementwiseGradients.h"
#include "dialect/IR/Hadal.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hadal;

namespace {

/// What a rule needs to write a gradient down: `a * b` rather than a call per product.
struct Expression {
  OpBuilder &builder;
  Location loc;
  Value value;

  Expression with(Value other) const { return {builder, loc, other}; }
  /// A constant of this expression's type.
  Expression constant(double number) const {
    Type type = value.getType();
    TypedAttr attribute = builder.getFloatAttr(getElementTypeOrSelf(type), number);
    if (auto shaped = dyn_cast<ShapedType>(type))
      attribute = SplatElementsAttr::get(shaped, cast<Attribute>(attribute));
    return with(arith::ConstantOp::create(builder, loc, attribute));
  }
  Expression operator+(Expression other) const { return with(arith::AddFOp::create(builder, loc, value, other.value)); }
  Expression operator-(Expression other) const { return with(arith::SubFOp::create(builder, loc, value, other.value)); }
  Expression operator*(Expression other) const { return with(arith::MulFOp::create(builder, loc, value, other.value)); }
  Expression operator/(Expression other) const { return with(arith::DivFOp::create(builder, loc, value, other.value)); }
  Expression operator-() const { return with(arith::NegFOp::create(builder, loc, value)); }
};

/// The operands, result and incoming gradient of an elementwise operation.
struct Rule {
  Expression gradient;
  SmallVector<Expression> operands;
  Expression result;
};

using RuleFunction = SmallVector<Expression> (*)(const Rule &);

/// Implements the interface of one operation by a rule.
template <typename OpTy, RuleFunction rule>
struct ElementwiseModel : DifferentiableOpInterface::ExternalModel<ElementwiseModel<OpTy, rule>, OpTy> {
  SmallVector<Value> buildGradient(Operation *op, OpBuilder &builder, ValueRange gradients) const {
    auto expression = [&](Value value) { return Expression{builder, op->getLoc(), value}; };
    Rule input{expression(gradients[0]), llvm::map_to_vector(op->getOperands(), expression),
               expression(op->getResult(0))};
    return llvm::map_to_vector(rule(input), [](Expression result) { return result.value; });
  }
};

SmallVector<Expression> add(const Rule &r) { return {r.gradient, r.gradient}; }
SmallVector<Expression> subtract(const Rule &r) { return {r.gradient, -r.gradient}; }
SmallVector<Expression> multiply(const Rule &r) { return {r.gradient * r.operands[1], r.gradient * r.operands[0]}; }
SmallVector<Expression> divide(const Rule &r) {
  Expression numerator = r.gradient / r.operands[1];
  return {numerator, -(numerator * r.result)};
}
SmallVector<Expression> negate(const Rule &r) { return {-r.gradient}; }
SmallVector<Expression> exponential(const Rule &r) { return {r.gradient * r.result}; }
SmallVector<Expression> logarithm(const Rule &r) { return {r.gradient / r.operands[0]}; }
SmallVector<Expression> squareRoot(const Rule &r) { return {r.gradient * r.result.constant(0.5) / r.result}; }
SmallVector<Expression> reciprocalSquareRoot(const Rule &r) {
  return {r.gradient * r.result.constant(-0.5) * r.result * r.result * r.result};
}
SmallVector<Expression> hyperbolicTangent(const Rule &r) {
  return {r.gradient * (r.result.constant(1.0) - r.result * r.result)};
}
SmallVector<Expression> sine(const Rule &r) {
  const Expression &x = r.operands[0];
  return {r.gradient * x.with(math::CosOp::create(x.builder, x.loc, x.value))};
}
SmallVector<Expression> cosine(const Rule &r) {
  const Expression &x = r.operands[0];
  return {-(r.gradient * x.with(math::SinOp::create(x.builder, x.loc, x.value)))};
}

} // namespace

void hadal::registerElementwiseGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    arith::AddFOp::attachInterface<ElementwiseModel<arith::AddFOp, add>>(*context);
    arith::SubFOp::attachInterface<ElementwiseModel<arith::SubFOp, subtract>>(*context);
    arith::MulFOp::attachInterface<ElementwiseModel<arith::MulFOp, multiply>>(*context);
    arith::DivFOp::attachInterface<ElementwiseModel<arith::DivFOp, divide>>(*context);
    arith::NegFOp::attachInterface<ElementwiseModel<arith::NegFOp, negate>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    math::ExpOp::attachInterface<ElementwiseModel<math::ExpOp, exponential>>(*context);
    math::LogOp::attachInterface<ElementwiseModel<math::LogOp, logarithm>>(*context);
    math::SqrtOp::attachInterface<ElementwiseModel<math::SqrtOp, squareRoot>>(*context);
    math::RsqrtOp::attachInterface<ElementwiseModel<math::RsqrtOp, reciprocalSquareRoot>>(*context);
    math::TanhOp::attachInterface<ElementwiseModel<math::TanhOp, hyperbolicTangent>>(*context);
    math::SinOp::attachInterface<ElementwiseModel<math::SinOp, sine>>(*context);
    math::CosOp::attachInterface<ElementwiseModel<math::CosOp, cosine>>(*context);
  });
}
