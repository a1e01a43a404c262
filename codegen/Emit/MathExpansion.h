//===- MathExpansion.h - elementary functions as vector arithmetic ------------------------------------------------===//
//
// exp, log and rsqrt of f32 scalars and vectors in arith operations, so that no math library is called.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_MATHEXPANSION_H
#define HADAL_CODEGEN_EMIT_MATHEXPANSION_H

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace hadal {

/// Accuracy against float64: exp 1 ulp, log 1 ulp, rsqrt 1 ulp over all finite arguments, subnormal ones included.
/// exp(-inf) = 0, exp(inf) = inf, log(0) = -inf, log(inf) = inf, log of a negative number is NaN; NaN stays NaN.
void populateMathExpansionPatterns(mlir::RewritePatternSet &patterns);

/// The other functions of the math dialect, for targets that have no math library: sin, cos, tan, log2, powf and their
/// like, by MLIR's approximations (some 1e-6 relative). Those above take precedence.
void populateMathWithoutLibraryPatterns(mlir::RewritePatternSet &patterns);

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_MATHEXPANSION_H
