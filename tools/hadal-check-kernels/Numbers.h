//===- Numbers.h - tensors of the evaluator as a kernel's memory holds them ---------------------------------------===//
//
// Between the evaluator's float64 and the types of a kernel's operands and results: f32, bf16 and i32.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_NUMBERS_H
#define HADAL_TOOLS_CHECK_KERNELS_NUMBERS_H

#include "dialect/Reference/Tensor.h"

namespace hadal::check {

/// Whether a kernel's memory can hold tensors of a type.
bool canHold(mlir::Type type);
/// Bytes of an element, and of a whole tensor.
size_t elementBytes(mlir::RankedTensorType type);
size_t tensorBytes(mlir::RankedTensorType type);

/// Writes a tensor, whose numbers are ones of the type, to memory, and reads it back.
void copyIn(const reference::Tensor &tensor, mlir::RankedTensorType type, void *to);
reference::Tensor copyOut(mlir::RankedTensorType type, const void *from);
/// Whether all of memory that is no element, what a layout's tiles hang over, is zero.
bool hasZeroPadding(mlir::RankedTensorType type, const void *from);

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_NUMBERS_H
