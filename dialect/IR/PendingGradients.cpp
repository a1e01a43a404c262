// Temporary: definitions that the families replace.
#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"
using namespace mlir;
using namespace hadal;
SmallVector<Value> AttentionOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> CombineRowsOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> ConcatOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> CrossEntropyOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> DequantizeOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> EmbeddingOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> ExpandOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> GatherRowsOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> GroupedMatmulOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> LinearOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
bool LinearOp::isRecomputable() { return false; }
SmallVector<Value> MatmulOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> QuantizeOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> RMSNormOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
bool RMSNormOp::isRecomputable() { return false; }
SmallVector<Value> RopeOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> RouterOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> RowReduceOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> SequenceBalanceLossOp::buildGradient(OpBuilder &, ValueRange) {
  llvm::report_fatal_error("pending");
}
SmallVector<Value> SplitOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
SmallVector<Value> SwiGLUOp::buildGradient(OpBuilder &, ValueRange) { llvm::report_fatal_error("pending"); }
bool SwiGLUOp::isRecomputable() { return false; }
SmallVector<Value> VarianceBalanceLossOp::buildGradient(OpBuilder &, ValueRange) {
  llvm::report_fatal_error("pending");
}
void CrossEntropyOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
