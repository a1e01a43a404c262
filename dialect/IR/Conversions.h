//===- Conversions.h - changes of floating-point types, and sums --------------------------------------------------===//
//
// What passes and kernels ask of upstream's arithmetic: whether it changes the type of numbers, and what it adds up.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_IR_CONVERSIONS_H
#define HADAL_DIALECT_IR_CONVERSIONS_H

#include "mlir/IR/Value.h"

namespace hadal {

/// Whether an operation makes floating-point numbers wider, element by element; `op` may be null.
bool isWidening(mlir::Operation *op);
/// Whether it makes them narrower.
bool isRounding(mlir::Operation *op);
/// What a value was before it was widened; otherwise the value itself.
mlir::Value getUnwidened(mlir::Value value);

/// Whether an element of a result depends on the same element of operands of its shape, and else on single numbers.
bool isElementByElement(mlir::Operation *op);

/// Gives `arith.addf` the interface of sums.
void attachSums(mlir::MLIRContext *context);

} // namespace hadal

#endif // HADAL_DIALECT_IR_CONVERSIONS_H
