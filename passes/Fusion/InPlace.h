//===- InPlace.h - when a result may lie where an operand lies ---------------------------------------------------===//
//
// The one rule by which fusion ties results to persistent storage and the memory planner reuses buffers.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_FUSION_INPLACE_H
#define HADAL_PASSES_FUSION_INPLACE_H

#include "dialect/IR/Hadal.h"

namespace hadal {
/// Whether a kernel's result may share the buffer of an operand: every element of the operand is read, once, before the
/// same element of the result is written.
bool mayShareBuffer(KernelOp kernel, unsigned result, unsigned operand);
} // namespace hadal

#endif // HADAL_PASSES_FUSION_INPLACE_H
