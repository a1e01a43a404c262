//===- Products.cpp - what operations multiply --------------------------------------------------------------------===//
//
// Implements ProductOpInterface: the factors of every product, and the results that stay f32 in every precision. Beside
// it, the conversions at the edges of kernels that are no products.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<unsigned> LinearOp::getFactors() {
  return llvm::to_vector(llvm::seq<unsigned>(0, getOperation()->getNumOperands()));
}
SmallVector<unsigned> MatmulOp::getFactors() { return {0, 1}; }
SmallVector<unsigned> GroupedMatmulOp::getFactors() { return {0, 1}; }
SmallVector<unsigned> GroupedOuterProductOp::getFactors() { return {0, 1}; }

SmallVector<unsigned> AttentionOp::getFactors() { return {0, 1, 2}; }
bool AttentionOp::mayNarrowResult(unsigned result) { return result == 0; }
// All but the logarithms of the softmax denominators.
SmallVector<unsigned> AttentionGradientOp::getFactors() { return {0, 1, 2, 3, 5}; }

// The hidden state and the weight; the targets lie between them.
SmallVector<unsigned> CrossEntropyOp::getFactors() {
  return getWeights().empty() ? SmallVector<unsigned>{0} : SmallVector<unsigned>{0, 2};
}
bool CrossEntropyOp::mayNarrowResult(unsigned) { return false; }
SmallVector<unsigned> CrossEntropyGradientOp::getFactors() { return {0, 2}; }
bool CrossEntropyGradientOp::mayNarrowResult(unsigned result) { return result != 0; }
SmallVector<unsigned> LogProbabilitiesOp::getFactors() { return {0, 2}; }
bool LogProbabilitiesOp::mayNarrowResult(unsigned) { return false; }

// Rows come from the experts' products and go to them, which are bf16 in a program of that precision. The weights of
// the choices and their gradients stay f32, as the router has them.
bool CombineRowsOp::widensOperand(unsigned operand) { return operand == 0; }
bool CombineRowsGradientOp::widensOperand(unsigned operand) { return operand == 0; }
bool CombineRowsGradientOp::roundsResult(unsigned result) { return result == 0; }
bool RMSNormWeightGradientOp::widensOperand(unsigned operand) { return operand < 2; }
