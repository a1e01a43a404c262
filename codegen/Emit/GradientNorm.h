//===- GradientNorm.h - the norm of all gradients and the factor that clips them ----------------------------------===//
//
// One thread's work on every target: adds the squared norms in f64, in the order of the operands.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_GRADIENTNORM_H
#define HADAL_CODEGEN_EMIT_GRADIENTNORM_H

#include "codegen/Emit/KernelBuilder.h"

namespace hadal {

/// `Context` is that of a target's anchored strategies.
template <typename Context> void emitGradientNorm(GradientNormOp op, Context &context) {
  using Value = mlir::Value;
  KernelBuilder &k = context.k;
  mlir::Type f64 = k.builder.getF64Type();
  auto widen = [&](Value value) -> Value { return mlir::arith::ExtFOp::create(k.builder, k.loc, f64, value); };
  auto narrow = [&](Value value) -> Value { return mlir::arith::TruncFOp::create(k.builder, k.loc, k.f32(), value); };
  Value limit = widen(k.load(k.f32(), context.operand(0)));
  Value sum = k.constant(f64, 0.0);
  for (unsigned i = 0; i < op.getSquared().size(); ++i)
    sum = k.addf(sum, widen(k.load(k.f32(), context.operand(1 + i))));
  Value norm = mlir::math::SqrtOp::create(k.builder, k.loc, sum), one = k.constant(f64, 1.0);
  // Where the quotient is infinite or no number (norm 0, limit infinite) the comparison fails and the factor is 1.
  Value quotient = k.divf(limit, norm);
  context.store(0, narrow(norm));
  context.store(1, narrow(k.select(k.less(quotient, one), quotient, one)));
}

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_GRADIENTNORM_H
