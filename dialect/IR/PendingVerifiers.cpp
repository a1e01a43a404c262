// Temporary: definitions that the families replace.
#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"
using namespace mlir;
using namespace hadal;
LogicalResult AdamWOp::verify() { return success(); }
LogicalResult AttentionGradientOp::verify() { return success(); }
LogicalResult AttentionOp::verify() { return success(); }
LogicalResult CombineRowsGradientOp::verify() { return success(); }
LogicalResult CombineRowsOp::verify() { return success(); }
LogicalResult ConcatOp::verify() { return success(); }
LogicalResult CrossEntropyGradientOp::verify() { return success(); }
LogicalResult CrossEntropyOp::verify() { return success(); }
void CrossEntropyOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
LogicalResult DequantizeOp::verify() { return success(); }
LogicalResult DispatchOp::verify() { return success(); }
LogicalResult EmbeddingGradientOp::verify() { return success(); }
LogicalResult EmbeddingOp::verify() { return success(); }
LogicalResult ExpandOp::verify() { return success(); }
LogicalResult ExpertsOp::verify() { return success(); }
LogicalResult GatedMLPOp::verify() { return success(); }
LogicalResult GatherRowsOp::verify() { return success(); }
LogicalResult GroupedMatmulOp::verify() { return success(); }
LogicalResult GroupedOuterProductOp::verify() { return success(); }
LogicalResult KernelOp::verify() { return success(); }
LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &) { return success(); }
LogicalResult LayersOp::verify() { return success(); }
LogicalResult LayersOp::verifySymbolUses(SymbolTableCollection &) { return success(); }
LogicalResult LinearOp::verify() { return success(); }
LogicalResult MLAAttentionOp::verify() { return success(); }
LogicalResult MTPMergeOp::verify() { return success(); }
LogicalResult MTPOp::verify() { return success(); }
LogicalResult MTPOp::verifySymbolUses(SymbolTableCollection &) { return success(); }
LogicalResult MatmulOp::verify() { return success(); }
LogicalResult ModelOp::verify() { return success(); }
LogicalResult ParameterOp::verify() { return success(); }
LogicalResult QuantizeOp::verify() { return success(); }
LogicalResult RMSNormGradientOp::verify() { return success(); }
LogicalResult RMSNormOp::verify() { return success(); }
LogicalResult RMSNormWeightGradientOp::verify() { return success(); }
LogicalResult RopeOp::verify() { return success(); }
LogicalResult RouterBiasUpdateOp::verify() { return success(); }
LogicalResult RouterGradientOp::verify() { return success(); }
LogicalResult RouterOp::verify() { return success(); }
LogicalResult RowReduceOp::verify() { return success(); }
LogicalResult ScaledLinearOp::verify() { return success(); }
LogicalResult SequenceBalanceLossGradientOp::verify() { return success(); }
LogicalResult SequenceBalanceLossOp::verify() { return success(); }
LogicalResult SplitOp::verify() { return success(); }
LogicalResult TokensOp::verify() { return success(); }
LogicalResult VarianceBalanceLossGradientOp::verify() { return success(); }
LogicalResult VarianceBalanceLossOp::verify() { return success(); }
