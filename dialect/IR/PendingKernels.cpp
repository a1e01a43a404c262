// Temporary: definitions that the families replace.
#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"
using namespace mlir;
using namespace hadal;
int64_t AdamWOp::getInPlaceOperand(unsigned) { return -1; }
SmallVector<Value> ConcatOp::expandRows(OpBuilder &) { llvm::report_fatal_error("pending"); }
SmallVector<Value> RMSNormGradientOp::expandRows(OpBuilder &) { llvm::report_fatal_error("pending"); }
SmallVector<Value> RMSNormOp::expandRows(OpBuilder &) { llvm::report_fatal_error("pending"); }
int64_t RouterBiasUpdateOp::getInPlaceOperand(unsigned) { return -1; }
SmallVector<Value> SplitOp::expandRows(OpBuilder &) { llvm::report_fatal_error("pending"); }
SmallVector<Value> SwiGLUGradientOp::expandRows(OpBuilder &) { llvm::report_fatal_error("pending"); }
SmallVector<Value> SwiGLUOp::expandRows(OpBuilder &) { llvm::report_fatal_error("pending"); }
