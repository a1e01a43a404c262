//===- Faults.h - mistakes that a check of a kernel has to notice -------------------------------------------------===//
//
// A check is worth what it notices. A planted fault changes what the compiled kernel is given, or what it returned, so
// that the numbers become those of a kernel with a mistake; the reference knows nothing of it, and the comparison has
// to fail. Faults are planted from what the body says, whatever code serves it:
//
//   vocabulary  the head leaves the last tile of the vocabulary out of its softmax
//   keys        attention leaves out the last block of keys
//   expert      an expert is lost: its rows are not visited, or no token may choose it
//   rows        the last row of an operand is taken for zeros, or that of a result is not written
//   columns     the same with the last column
//   scale       a result, the scores of a softmax or a scalar is off by 2^-6 of itself
//   position    tokens, routing data, keys or rotations are those of the neighbour
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_FAULTS_H
#define HADAL_TOOLS_CHECK_KERNELS_FAULTS_H

#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"
#include "llvm/Support/Error.h"
#include <functional>

namespace hadal::check {

enum class FaultKind { Vocabulary, Keys, Expert, Rows, Columns, Scale, Position };
llvm::StringRef stringifyFaultKind(FaultKind kind);
/// The kinds of these names; `all` names every one.
llvm::Expected<llvm::SmallVector<FaultKind>> parseFaultKinds(llvm::ArrayRef<std::string> names);

/// A mistake in one place of a kernel.
struct Fault {
  FaultKind kind;
  /// "operand 2", "result 0".
  std::string place;
  /// What the kernel is run on.
  llvm::SmallVector<reference::Tensor> inputs;
  /// What becomes of its results; null: nothing.
  std::function<void(llvm::MutableArrayRef<reference::Tensor>)> alter;
};

/// Changes inputs, before anything is evaluated, so that rows of keys and of the vocabulary can be hidden: queries get
/// a channel that is positive in all of them, and no target lies in the vocabulary's last tile.
mlir::LogicalResult prepareForFaults(KernelOp kernel, llvm::MutableArrayRef<reference::Tensor> inputs);

/// All faults of a kind that can befall the kernel; operands that the kernel computes itself cannot be changed.
llvm::SmallVector<Fault> plantFaults(FaultKind kind, KernelOp kernel, llvm::ArrayRef<reference::Tensor> inputs);

/// Whether a fault changes what the kernel's definition says by more than f32 can tell; those that do not (rows of an
/// expert without tokens) cannot be noticed by anyone.
mlir::FailureOr<bool> isFelt(const Fault &fault, KernelOp kernel, llvm::ArrayRef<reference::Tensor> expected);

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_FAULTS_H
