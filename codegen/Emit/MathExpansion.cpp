//===- MathExpansion.cpp - elementary functions as vector arithmetic ----------------------------------------------===//
//
// exp: x is clamped to where the result is neither exactly 0 nor infinite, n = round(x / ln 2) and r = x - n ln 2 (ln 2
// in two parts, so that r is exact), exp r = 1 + r + r² q(r) with a minimax polynomial q, and the result is scaled by
// 2^n in two steps, because 2^n alone may not be a normal number. Rounding to an integer adds and subtracts 1.5 · 2^23:
// the integer is then in the low bits of the sum.
//
// log: x = 2^e m with m in [sqrt(1/2), sqrt 2); log m is a minimax polynomial in m - 1, and e ln 2 is added in two
// parts. Subnormal arguments are scaled up first.
//
// Both polynomials are those of the Cephes library (Moshier), as in expf.c and logf.c.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/MathExpansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/PatternMatch.h"
#include <limits>

using namespace mlir;

namespace {

/// Arithmetic on values of one shape: f32 or a vector of it, and the integers of the same shape.
class Shaped {
public:
  Shaped(OpBuilder &builder, Location loc, Type floatType) : builder(builder), loc(loc), floatType(floatType) {
    intType = builder.getI32Type();
    if (auto vector = dyn_cast<VectorType>(floatType))
      intType = vector.clone(builder.getI32Type());
  }

  Value constant(double value) { return fill(floatType, builder.getF32FloatAttr(value)); }
  Value integer(int32_t value) { return fill(intType, builder.getI32IntegerAttr(value)); }
  Value add(Value a, Value b) { return arith::AddFOp::create(builder, loc, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(builder, loc, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(builder, loc, a, b); }
  Value fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, loc, a, b, c); }
  Value less(Value a, Value b) { return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, a, b); }
  Value select(Value c, Value a, Value b) { return arith::SelectOp::create(builder, loc, c, a, b); }
  Value bits(Value value) { return arith::BitcastOp::create(builder, loc, intType, value); }
  Value real(Value value) { return arith::BitcastOp::create(builder, loc, floatType, value); }
  Value addInt(Value a, Value b) { return arith::AddIOp::create(builder, loc, a, b); }
  Value subInt(Value a, Value b) { return arith::SubIOp::create(builder, loc, a, b); }
  Value andInt(Value a, Value b) { return arith::AndIOp::create(builder, loc, a, b); }
  Value orInt(Value a, Value b) { return arith::OrIOp::create(builder, loc, a, b); }
  Value shiftLeft(Value a, int32_t by) { return arith::ShLIOp::create(builder, loc, a, integer(by)); }
  Value shiftRight(Value a, int32_t by) { return arith::ShRSIOp::create(builder, loc, a, integer(by)); }
  Value toFloat(Value a) { return arith::SIToFPOp::create(builder, loc, floatType, a); }

  /// c[0] x^n + c[1] x^(n-1) + ... by Horner's rule.
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = constant(coefficients.front());
    for (double coefficient : coefficients.drop_front())
      sum = fma(sum, x, constant(coefficient));
    return sum;
  }
  /// 2^n for an integer n in [-126, 127].
  Value powerOfTwo(Value n) { return real(shiftLeft(addInt(n, integer(127)), 23)); }

private:
  Value fill(Type type, TypedAttr scalar) {
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(builder, loc, SplatElementsAttr::get(vector, scalar));
    return arith::ConstantOp::create(builder, loc, scalar);
  }

  OpBuilder &builder;
  Location loc;
  Type floatType, intType;
};

constexpr double infinity = std::numeric_limits<double>::infinity();
// ln 2 = high + low, high with so few bits that n · high is exact.
constexpr double ln2High = 0.693359375, ln2Low = -2.12194440e-4;

LogicalResult checkType(Operation *op, PatternRewriter &rewriter) {
  if (!getElementTypeOrSelf(op->getResult(0)).isF32())
    return rewriter.notifyMatchFailure(op, "only f32 is expanded");
  if (isa<TensorType>(op->getResult(0).getType()))
    return rewriter.notifyMatchFailure(op, "tensors are not lowered yet");
  return success();
}

struct ExpandExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &rewriter) const override {
    if (failed(checkType(op, rewriter)))
      return failure();
    Shaped s(rewriter, op.getLoc(), op.getType());
    // Below -105 the result rounds to 0, above 89 it is infinite. NaN compares false and passes.
    Value low = s.constant(-105.0), high = s.constant(89.0), x = op.getOperand();
    x = s.select(s.less(x, low), low, x);
    x = s.select(s.less(high, x), high, x);
    Value rounder = s.constant(12582912.0); // 1.5 * 2^23
    Value shifted = s.fma(x, s.constant(1.44269504088896341), rounder);
    Value n = s.sub(shifted, rounder);
    Value r = s.fma(n, s.constant(-ln2High), x);
    r = s.fma(n, s.constant(-ln2Low), r);
    Value q = s.polynomial(
        r, {1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1});
    Value p = s.add(s.fma(q, s.mul(r, r), r), s.constant(1.0));
    Value integer = s.subInt(s.bits(shifted), s.bits(rounder));
    Value half = s.shiftRight(integer, 1);
    Value result = s.mul(s.mul(p, s.powerOfTwo(half)), s.powerOfTwo(s.subInt(integer, half)));
    rewriter.replaceOp(op, result);
    return success();
  }
};

struct ExpandLog : OpRewritePattern<math::LogOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::LogOp op, PatternRewriter &rewriter) const override {
    if (failed(checkType(op, rewriter)))
      return failure();
    Shaped s(rewriter, op.getLoc(), op.getType());
    Value argument = op.getOperand();
    Value isTiny = s.less(argument, s.constant(1.17549435e-38));
    Value x = s.select(isTiny, s.mul(argument, s.constant(8388608.0)), argument);
    Value bits = s.bits(x);
    // m in [1/2, 1) with the exponent of 1/2, then doubled where it is below sqrt(1/2).
    Value exponent = s.subInt(s.shiftRight(bits, 23), s.integer(126));
    exponent = s.select(isTiny, s.subInt(exponent, s.integer(23)), exponent);
    Value m = s.real(s.orInt(s.andInt(bits, s.integer(0x007fffff)), s.integer(0x3f000000)));
    Value isLow = s.less(m, s.constant(0.707106781186547524));
    Value e = s.toFloat(s.select(isLow, s.subInt(exponent, s.integer(1)), exponent));
    Value f = s.sub(s.select(isLow, s.add(m, m), m), s.constant(1.0));
    Value square = s.mul(f, f);
    Value q = s.polynomial(f, {7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
                               -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1});
    Value y = s.mul(s.mul(q, f), square);
    y = s.fma(e, s.constant(ln2Low), y);
    y = s.fma(s.constant(-0.5), square, y);
    Value result = s.fma(e, s.constant(ln2High), s.add(f, y));
    // Arguments that have no finite logarithm.
    Value top = s.constant(infinity), zero = s.constant(0.0);
    result = s.select(s.less(argument, top), result, argument); // infinity and NaN stand for themselves
    result = s.select(s.less(zero, argument), result,
                      s.select(s.less(argument, zero), s.constant(std::numeric_limits<double>::quiet_NaN()), result));
    Value isZero = arith::CmpFOp::create(rewriter, op.getLoc(), arith::CmpFPredicate::OEQ, argument, zero);
    rewriter.replaceOp(op, s.select(isZero, s.constant(-infinity), result));
    return success();
  }
};

/// 1 / sqrt(x) by two correctly rounded operations: rsqrt is asked for once per row, never per element.
struct ExpandRsqrt : OpRewritePattern<math::RsqrtOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::RsqrtOp op, PatternRewriter &rewriter) const override {
    if (failed(checkType(op, rewriter)))
      return failure();
    Shaped s(rewriter, op.getLoc(), op.getType());
    Value root = math::SqrtOp::create(rewriter, op.getLoc(), op.getOperand());
    rewriter.replaceOpWithNewOp<arith::DivFOp>(op, s.constant(1.0), root);
    return success();
  }
};

/// The logarithm to the base of ten, by the natural one.
struct ExpandLog10 : OpRewritePattern<math::Log10Op> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::Log10Op op, PatternRewriter &rewriter) const override {
    if (failed(checkType(op, rewriter)))
      return failure();
    Shaped s(rewriter, op.getLoc(), op.getType());
    Value natural = math::LogOp::create(rewriter, op.getLoc(), op.getOperand());
    rewriter.replaceOp(op, s.mul(natural, s.constant(0.434294481903251828)));
    return success();
  }
};

} // namespace

void hadal::populateMathExpansionPatterns(RewritePatternSet &patterns) {
  // Above MLIR's own approximations of the same functions.
  patterns.add<ExpandExp, ExpandLog, ExpandRsqrt>(patterns.getContext(), /*benefit=*/10);
}

void hadal::populateMathWithoutLibraryPatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandLog10>(patterns.getContext());
  populateMathPolynomialApproximationPatterns(patterns, [](StringRef) { return true; });
  // What has no polynomial of its own is written in functions that do.
  math::populateExpansionPatterns(patterns, {"sinh", "cosh", "tan", "asinh", "acosh", "atanh", "powf", "fpowi"});
}
