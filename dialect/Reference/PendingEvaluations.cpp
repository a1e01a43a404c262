// Temporary: definitions that the families replace.
#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"
using namespace mlir;
using namespace hadal;
LogicalResult AdamWOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult AttentionGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult AttentionOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult CombineRowsGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult CombineRowsOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult ConcatOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult CrossEntropyGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult CrossEntropyOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult DequantizeOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult DispatchOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult EmbeddingGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult EmbeddingOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult ExpandOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult ExpertsOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult GatedMLPOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult GatherRowsOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult GradientNormOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult GroupedMatmulOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult GroupedOuterProductOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult LinearOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult MLAAttentionOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult MTPMergeOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult MatmulOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult QuantizeOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult RMSNormGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult RMSNormOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult RMSNormWeightGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult RopeOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult RouterBiasUpdateOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult RouterGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult RouterOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult RowReduceOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult ScaledLinearOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult SequenceBalanceLossGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult SequenceBalanceLossOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult SplitOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult SquaredNormOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult SwiGLUGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult SwiGLUOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult TokensOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult VarianceBalanceLossGradientOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
LogicalResult VarianceBalanceLossOp::evaluate(ArrayRef<reference::Tensor>, SmallVectorImpl<reference::Tensor> &) { return emitOpError("pending"); }
