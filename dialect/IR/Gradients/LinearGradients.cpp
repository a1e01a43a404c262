//===- LinearGradients.cpp - gradients of the linear family -------------------------------------------------------===//
//
// How gradients flow backwards through embeddings, linear layers, matrix products, SwiGLU and the views along channels.
// Leading dimensions count as rows everywhere, so a weight gradient is one product with the left side transposed.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> EmbeddingOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Value table = getWeights().front();
  return {Value(), EmbeddingGradientOp::create(builder, getLoc(), table.getType(), getTokens(), gradients[0])};
}

// y = x Wᵀ: dx = dy W, dW = dyᵀ x.
SmallVector<Value> LinearOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Value input = getInput(), weight = getWeights().front(), gradient = gradients[0];
  Value inputGradient = MatmulOp::create(builder, getLoc(), input.getType(), gradient, weight,
                                         /*transpose_lhs=*/false, /*transpose_rhs=*/false, getComputeAttr());
  Value weightGradient = MatmulOp::create(builder, getLoc(), weight.getType(), gradient, input,
                                          /*transpose_lhs=*/true, /*transpose_rhs=*/false, getComputeAttr());
  return {inputGradient, weightGradient};
}

// With A = op(lhs) and B = op(rhs), Y = A B: dA = dY Bᵀ and dB = Aᵀ dY; a transposed operand takes the transposed
// product.
SmallVector<Value> MatmulOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Value lhs = getLhs(), rhs = getRhs(), gradient = gradients[0];
  auto product = [&](Value like, Value a, Value b, bool transposeA, bool transposeB) -> Value {
    return MatmulOp::create(builder, getLoc(), like.getType(), a, b, transposeA, transposeB, getComputeAttr());
  };
  Value lhsGradient = getTransposeLhs() ? product(lhs, rhs, gradient, getTransposeRhs(), true)
                                        : product(lhs, gradient, rhs, false, !getTransposeRhs());
  Value rhsGradient = getTransposeRhs() ? product(rhs, gradient, lhs, true, getTransposeLhs())
                                        : product(rhs, lhs, gradient, !getTransposeLhs(), false);
  return {lhsGradient, rhsGradient};
}

SmallVector<Value> SwiGLUOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  auto op = SwiGLUGradientOp::create(builder, getLoc(), getGate(), getUp(), gradients[0]);
  return {op.getGateGradient(), op.getUpGradient()};
}

// The gradient of a part that nothing reads is zero.
SmallVector<Value> SplitOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  SmallVector<Value> parts;
  for (auto [part, gradient] : llvm::zip_equal(getParts(), gradients)) {
    if (gradient) {
      parts.push_back(gradient);
      continue;
    }
    auto zero = cast<TypedAttr>(builder.getZeroAttr(part.getType()));
    parts.push_back(arith::ConstantOp::create(builder, getLoc(), zero));
  }
  return {ConcatOp::create(builder, getLoc(), getInput().getType(), parts)};
}

SmallVector<Value> ConcatOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  auto split = SplitOp::create(builder, getLoc(), getParts().getTypes(), gradients[0]);
  return SmallVector<Value>(split.getParts());
}
