//===- ElementwiseGradients.h - gradients of upstream's elementwise operations ------------------------------------===//
//
// Registers how gradients flow backwards through upstream's `arith` and `math`.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_GRADIENTS_ELEMENTWISEGRADIENTS_H
#define HADAL_DIALECT_IR_GRADIENTS_ELEMENTWISEGRADIENTS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace hadal {

/// Attaches DifferentiableOpInterface to the elementwise operations of `arith` and `math`.
void registerElementwiseGradients(mlir::DialectRegistry &registry);

} // namespace hadal

#endif // HADAL_DIALECT_IR_GRADIENTS_ELEMENTWISEGRADIENTS_H
