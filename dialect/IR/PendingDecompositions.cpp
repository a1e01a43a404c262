// Temporary: definitions that the families replace.
#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"
using namespace mlir;
using namespace hadal;
SmallVector<Value> ExpertsOp::decompose(OpBuilder &) { llvm::report_fatal_error("pending"); }
SmallVector<Value> GatedMLPOp::decompose(OpBuilder &) { llvm::report_fatal_error("pending"); }
SmallVector<Value> MLAAttentionOp::decompose(OpBuilder &) { llvm::report_fatal_error("pending"); }
SmallVector<Value> MTPMergeOp::decompose(OpBuilder &) { llvm::report_fatal_error("pending"); }
