//===- Alone.h - rows alone and among others ----------------------------------------------------------------------===//
//
// A row's bits depend on that row alone (docs/rationale/arithmetic.md). A file shows it by pairs of kernels of one
// body: @norm_alone, and @norm_among with more rows. The first one's operands are the leading parts of the second
// one's, in every dimension in which they are shorter, and so are its results, bit by bit. The first may have further
// operands, with `hadal.value`, that say what holds without them (positions that begin at 0).
//
// What stands beyond is as random as the rest, or zero: sums over all rows (gradients of parameters) then have the same
// bits, too, since zeros at later places of the depth change nothing.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_ALONE_H
#define HADAL_TOOLS_CHECK_KERNELS_ALONE_H

#include "mlir/IR/BuiltinOps.h"
#include "tools/hadal-check-kernels/Inputs.h"

namespace hadal::check {

/// What the larger kernel's operands hold beyond the smaller one's.
enum class Beyond { Nothing, Random, Zero };

struct KernelPair {
  KernelOp alone, among;
};

/// The pairs of a module, in the order of the smaller ones. Failure, after a diagnostic, when a kernel has no partner
/// or another body, or is larger than its partner.
mlir::FailureOr<llvm::SmallVector<KernelPair>> findPairs(mlir::ModuleOp module);

struct PairInputs {
  llvm::SmallVector<reference::Tensor> alone, among;
};

/// Operands with `hadal.value` keep it in both kernels, and offsets of experts end at the smaller one's rows.
mlir::FailureOr<PairInputs> makePairInputs(KernelPair pair, uint64_t seed, Routing routing, Beyond beyond);

/// Whether a result is to be compared: all are where zeros stand beyond, else those with rows of their own.
bool isComparable(KernelPair pair, unsigned result, Beyond beyond);

/// The part of a tensor that a shorter one of the same rank has.
reference::Tensor leadingPart(const reference::Tensor &tensor, llvm::ArrayRef<int64_t> shape);

/// The first element in which two tensors differ; zeros of either sign do, numbers that are none do not.
std::optional<int64_t> firstDifference(const reference::Tensor &a, const reference::Tensor &b);

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_ALONE_H
