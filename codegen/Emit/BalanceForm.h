//===- BalanceForm.h - what the balance losses have in common -----------------------------------------------------===//
//
// Four operations, two losses and their gradients, are one strategy on every target: which sums over a sequence's
// tokens each of them needs, and the extents of its kernel.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_BALANCEFORM_H
#define HADAL_CODEGEN_EMIT_BALANCEFORM_H

#include "codegen/Anatomy/AnchoredKernel.h"
#include "llvm/Support/MathExtras.h"

namespace hadal {

template <typename Op> struct BalanceForm {
  static constexpr bool isSequenceWise =
      std::is_same_v<Op, SequenceBalanceLossOp> || std::is_same_v<Op, SequenceBalanceLossGradientOp>;
  static constexpr bool isGradient =
      std::is_same_v<Op, SequenceBalanceLossGradientOp> || std::is_same_v<Op, VarianceBalanceLossGradientOp>;
  /// How often an expert is chosen, and the sums of its shares.
  static constexpr bool needsCounts = isSequenceWise, needsShares = !isSequenceWise || !isGradient;
};

struct BalanceExtents {
  int64_t experts, positions, sequences, blocks;

  /// Of logits with a row per token, whose sequences are summed in blocks of so many tokens.
  BalanceExtents(mlir::Value logits, int64_t tokensPerBlock) : experts(columnsOf(logits)) {
    llvm::ArrayRef<int64_t> shape = llvm::cast<mlir::RankedTensorType>(logits.getType()).getShape();
    positions = shape.size() > 1 ? shape[shape.size() - 2] : 1;
    sequences = elementsOf(logits) / (experts * positions);
    blocks = llvm::divideCeil(positions, tokensPerBlock);
  }
  /// Rows of the workspace: per block of every sequence the counts and the shares.
  int64_t rowsOfBlocks() const { return sequences * blocks * 2; }
};

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_BALANCEFORM_H
