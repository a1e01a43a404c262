//===- Inputs.h - what a kernel under check is given --------------------------------------------------------------===//
//
// Random operands that make sense together: tokens below the vocabulary, experts that are distinct per token, and
// pairs, rows and offsets that belong to one dispatch.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_INPUTS_H
#define HADAL_TOOLS_CHECK_KERNELS_INPUTS_H

#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"

namespace hadal::check {

/// How tokens are spread over experts: evenly at random, mostly to a few with some experts empty, or all to the last
/// ones.
enum class Routing { Uniform, Skewed, Last };

/// A tensor per operand of the kernel. Attributes of arguments that the reference evaluator knows (`hadal.value`,
/// `hadal.range`) come first; integers that an operation uses as routing data are made to fit it.
/// With `integersOnly` the real numbers stay zero: they take long to draw, and no time depends on them.
mlir::FailureOr<llvm::SmallVector<reference::Tensor>> makeInputs(KernelOp kernel, uint64_t seed, Routing routing,
                                                                 bool integersOnly = false);

/// Gives gradients of attention the results of attention for their other operands, where all are the kernel's: noise in
/// their place is fast or slow as they are, but nothing that a gradient could be judged by.
mlir::LogicalResult attend(KernelOp kernel, llvm::MutableArrayRef<reference::Tensor> inputs);

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_INPUTS_H
