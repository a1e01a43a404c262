//===- KernelKinds.cpp - the kind of kernel that serves each operation --------------------------------------------===//
//
// Implements getKernelKind of every operation of the dialect. A kind has one strategy per target; operations that are
// fused into another's kernel (rowwise chains before and after a contraction) keep the kind they have alone.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

#define HADAL_KIND(OP, KIND)                                                                                           \
  KernelKind OP::getKernelKind() { return KernelKind::KIND; }

HADAL_KIND(CountedMatmulOp, Contraction)
HADAL_KIND(GroupedMatmulOp, Contraction)
HADAL_KIND(GroupedOuterProductOp, Contraction)
HADAL_KIND(HeadMatmulOp, Contraction)
HADAL_KIND(LinearOp, Contraction)
HADAL_KIND(MatmulOp, Contraction)
HADAL_KIND(ScaledLinearOp, Contraction)

HADAL_KIND(AttentionGradientOp, Attention)
HADAL_KIND(AttentionOp, Attention)
HADAL_KIND(LatentAttentionOp, Attention)

HADAL_KIND(ConcatOp, Rowwise)
HADAL_KIND(DequantizeOp, Rowwise)
HADAL_KIND(ExpandOp, Rowwise)
HADAL_KIND(QuantizeOp, Rowwise)
HADAL_KIND(RMSNormGradientOp, Rowwise)
HADAL_KIND(RMSNormOp, Rowwise)
HADAL_KIND(RopeOp, Rowwise)
HADAL_KIND(RowReduceOp, Rowwise)
HADAL_KIND(SplitOp, Rowwise)
HADAL_KIND(SwiGLUGradientOp, Rowwise)
HADAL_KIND(SwiGLUOp, Rowwise)

HADAL_KIND(CrossEntropyGradientOp, Head)
HADAL_KIND(CrossEntropyOp, Head)
HADAL_KIND(LogitsOp, Head)
HADAL_KIND(LogProbabilitiesOp, Head)

HADAL_KIND(DequantizeWeightOp, Packing)
HADAL_KIND(PackOp, Packing)
HADAL_KIND(QuantizeWeightOp, Packing)
HADAL_KIND(UnpackOp, Packing)

HADAL_KIND(EmbeddingGradientOp, Reduction)
HADAL_KIND(EmbeddingOp, Reduction)
HADAL_KIND(RMSNormWeightGradientOp, Reduction)
HADAL_KIND(SequenceBalanceLossGradientOp, Reduction)
HADAL_KIND(SequenceBalanceLossOp, Reduction)
HADAL_KIND(VarianceBalanceLossGradientOp, Reduction)
HADAL_KIND(VarianceBalanceLossOp, Reduction)

HADAL_KIND(CombineRowsGradientOp, Routing)
HADAL_KIND(CombineRowsOp, Routing)
HADAL_KIND(DispatchOp, Routing)
HADAL_KIND(GatherRowsOp, Routing)
HADAL_KIND(PickRowsOp, Routing)
HADAL_KIND(ReadPagesOp, Routing)
HADAL_KIND(RouterGradientOp, Routing)
HADAL_KIND(RouterOp, Routing)
HADAL_KIND(TokensOp, Routing)
HADAL_KIND(WritePagesOp, Routing)

HADAL_KIND(AdamWOp, Update)
HADAL_KIND(GradientNormOp, Update)
HADAL_KIND(RouterBiasUpdateOp, Update)
HADAL_KIND(SquaredNormOp, Update)

#undef HADAL_KIND

// Rows gathered for the experts are read through by the products over them: lhs forwards and for the gradient of the
// rows, either side for the gradient of the weights.
std::optional<RowSelection> GatherRowsOp::getRowSelection() {
  ArrayRef<int64_t> choices = getRows().getType().getShape();
  return RowSelection{/*source=*/0, /*indices=*/1, /*divisor=*/std::max<int64_t>(1, choices.back())};
}
bool GroupedMatmulOp::readsRows(unsigned operand) { return operand == 0; }
bool GroupedOuterProductOp::readsRows(unsigned operand) { return operand < 2; }
