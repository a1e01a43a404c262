//===- Models.cpp - reference evaluations of upstream operations --------------------------------------------------===//
//
// Models of EvaluableOpInterface for the operations of `arith` and `math` that occur on tensors. All but constants and
// conversions to narrower types are one function of numbers, applied element by element, in float64 whatever the
// element type; the evaluator rounds what has a type narrower than f32 afterwards.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Models.h"
#include "dialect/Reference/Definitions.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

/// Applies a function of numbers to the elements of the operands, which have equal shapes or are scalars.
static LogicalResult applyElementwise(Operation *op, ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results,
                                      function_ref<double(ArrayRef<double>)> function) {
  const Tensor *largest = &operands.front();
  for (const Tensor &operand : operands)
    if (operand.rank() > largest->rank())
      largest = &operand;
  for (const Tensor &operand : operands)
    if (operand.rank() != 0 && operand.shape != largest->shape)
      return op->emitOpError("has operands of different shapes");
  Tensor result(largest->shape);
  SmallVector<double> elements(operands.size());
  for (int64_t i = 0; i < result.size(); ++i) {
    for (auto [element, operand] : zip_equal(elements, operands))
      element = operand.data[operand.rank() == 0 ? 0 : i];
    result.data[i] = function(elements);
  }
  results.push_back(std::move(result));
  return success();
}

namespace {
/// An operation that is one function of numbers.
template <typename OpTy, double (*function)(ArrayRef<double>)>
struct ElementwiseModel : EvaluableOpInterface::ExternalModel<ElementwiseModel<OpTy, function>, OpTy> {
  LogicalResult evaluate(Operation *op, ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) const {
    return applyElementwise(op, operands, results, function);
  }
};

/// An operation whose function of numbers depends on the operation (a predicate, a type).
template <typename OpTy, double (*function)(OpTy, ArrayRef<double>)>
struct AttributedModel : EvaluableOpInterface::ExternalModel<AttributedModel<OpTy, function>, OpTy> {
  LogicalResult evaluate(Operation *op, ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) const {
    return applyElementwise(op, operands, results,
                            [&](ArrayRef<double> elements) { return function(cast<OpTy>(op), elements); });
  }
};

struct ConstantModel : EvaluableOpInterface::ExternalModel<ConstantModel, arith::ConstantOp> {
  LogicalResult evaluate(Operation *op, ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) const;
};
} // namespace

LogicalResult ConstantModel::evaluate(Operation *op, ArrayRef<Tensor>, SmallVectorImpl<Tensor> &results) const {
  Attribute value = cast<arith::ConstantOp>(op).getValue();
  if (auto number = dyn_cast<FloatAttr>(value))
    results.push_back(scalar(number.getValue().convertToDouble()));
  else if (auto number = dyn_cast<IntegerAttr>(value))
    results.push_back(scalar(reference::toDouble(number.getValue())));
  else if (auto elements = dyn_cast<DenseElementsAttr>(value))
    results.push_back(fromConstant(elements));
  else
    return op->emitOpError("has a value that the reference evaluator cannot read; write it as dense<...>");
  return success();
}

static double compareFloats(arith::CmpFOp op, ArrayRef<double> x) {
  return arith::applyCmpPredicate(op.getPredicate(), APFloat(x[0]), APFloat(x[1]));
}

static double compareIntegers(arith::CmpIOp op, ArrayRef<double> x) {
  return arith::applyCmpPredicate(op.getPredicate(), APInt(64, int64_t(x[0]), true), APInt(64, int64_t(x[1]), true));
}

/// The number of the result's element type nearest to x.
static double truncate(arith::TruncFOp op, ArrayRef<double> x) {
  return nearest(x[0], cast<FloatType>(getElementTypeOrSelf(op.getType())));
}

// The functions of numbers.
static double add(ArrayRef<double> x) { return x[0] + x[1]; }
static double subtract(ArrayRef<double> x) { return x[0] - x[1]; }
static double multiply(ArrayRef<double> x) { return x[0] * x[1]; }
static double divide(ArrayRef<double> x) { return x[0] / x[1]; }
static double negate(ArrayRef<double> x) { return -x[0]; }
static double identity(ArrayRef<double> x) { return x[0]; }
static double towardsZero(ArrayRef<double> x) { return std::trunc(x[0]); }
static double bitwiseAnd(ArrayRef<double> x) { return double(int64_t(x[0]) & int64_t(x[1])); }
static double bitwiseOr(ArrayRef<double> x) { return double(int64_t(x[0]) | int64_t(x[1])); }
static double select(ArrayRef<double> x) { return x[0] != 0.0 ? x[1] : x[2]; }
static double multiplyAdd(ArrayRef<double> x) { return x[0] * x[1] + x[2]; }
static double exponential(ArrayRef<double> x) { return std::exp(x[0]); }
static double exponential2(ArrayRef<double> x) { return std::exp2(x[0]); }
static double exponentialMinus1(ArrayRef<double> x) { return std::expm1(x[0]); }
static double logarithm(ArrayRef<double> x) { return std::log(x[0]); }
static double logarithm2(ArrayRef<double> x) { return std::log2(x[0]); }
static double logarithm1Plus(ArrayRef<double> x) { return std::log1p(x[0]); }
static double squareRoot(ArrayRef<double> x) { return std::sqrt(x[0]); }
static double inverseSquareRoot(ArrayRef<double> x) { return 1.0 / std::sqrt(x[0]); }
static double absolute(ArrayRef<double> x) { return std::fabs(x[0]); }
static double hyperbolicTangent(ArrayRef<double> x) { return std::tanh(x[0]); }
static double cosine(ArrayRef<double> x) { return std::cos(x[0]); }
static double sine(ArrayRef<double> x) { return std::sin(x[0]); }
static double power(ArrayRef<double> x) { return std::pow(x[0], x[1]); }
static double ceiling(ArrayRef<double> x) { return std::ceil(x[0]); }
static double floorOf(ArrayRef<double> x) { return std::floor(x[0]); }

// arith.maximumf and minimumf yield NaN when an operand is NaN, maxnumf and minnumf the other operand.
static double maximum(ArrayRef<double> x) { return std::isnan(x[0]) || std::isnan(x[1]) ? NAN : std::fmax(x[0], x[1]); }
static double minimum(ArrayRef<double> x) { return std::isnan(x[0]) || std::isnan(x[1]) ? NAN : std::fmin(x[0], x[1]); }
static double maximumNumber(ArrayRef<double> x) { return std::fmax(x[0], x[1]); }
static double minimumNumber(ArrayRef<double> x) { return std::fmin(x[0], x[1]); }

template <typename OpTy, double (*function)(ArrayRef<double>)> static void attach(MLIRContext *context) {
  OpTy::template attachInterface<ElementwiseModel<OpTy, function>>(*context);
}

static void attachArithModels(MLIRContext *context, arith::ArithDialect *) {
  arith::ConstantOp::attachInterface<ConstantModel>(*context);
  arith::CmpFOp::attachInterface<AttributedModel<arith::CmpFOp, compareFloats>>(*context);
  arith::CmpIOp::attachInterface<AttributedModel<arith::CmpIOp, compareIntegers>>(*context);
  arith::TruncFOp::attachInterface<AttributedModel<arith::TruncFOp, truncate>>(*context);
  attach<arith::AddFOp, add>(context);
  attach<arith::SubFOp, subtract>(context);
  attach<arith::MulFOp, multiply>(context);
  attach<arith::DivFOp, divide>(context);
  attach<arith::NegFOp, negate>(context);
  attach<arith::MaximumFOp, maximum>(context);
  attach<arith::MinimumFOp, minimum>(context);
  attach<arith::MaxNumFOp, maximumNumber>(context);
  attach<arith::MinNumFOp, minimumNumber>(context);
  attach<arith::AddIOp, add>(context);
  attach<arith::SubIOp, subtract>(context);
  attach<arith::MulIOp, multiply>(context);
  attach<arith::AndIOp, bitwiseAnd>(context);
  attach<arith::OrIOp, bitwiseOr>(context);
  attach<arith::MaxSIOp, maximum>(context);
  attach<arith::MinSIOp, minimum>(context);
  attach<arith::SelectOp, select>(context);
  attach<arith::ExtFOp, identity>(context);
  attach<arith::ExtUIOp, identity>(context);
  attach<arith::SIToFPOp, identity>(context);
  attach<arith::UIToFPOp, identity>(context);
  attach<arith::FPToSIOp, towardsZero>(context);
}

static void attachMathModels(MLIRContext *context, math::MathDialect *) {
  attach<math::ExpOp, exponential>(context);
  attach<math::Exp2Op, exponential2>(context);
  attach<math::ExpM1Op, exponentialMinus1>(context);
  attach<math::LogOp, logarithm>(context);
  attach<math::Log2Op, logarithm2>(context);
  attach<math::Log1pOp, logarithm1Plus>(context);
  attach<math::SqrtOp, squareRoot>(context);
  attach<math::RsqrtOp, inverseSquareRoot>(context);
  attach<math::AbsFOp, absolute>(context);
  attach<math::TanhOp, hyperbolicTangent>(context);
  attach<math::CosOp, cosine>(context);
  attach<math::SinOp, sine>(context);
  attach<math::PowFOp, power>(context);
  attach<math::FmaOp, multiplyAdd>(context);
  attach<math::CeilOp, ceiling>(context);
  attach<math::FloorOp, floorOf>(context);
}

void hadal::registerReferenceModels(DialectRegistry &registry) {
  registry.addExtension(attachArithModels);
  registry.addExtension(attachMathModels);
}
