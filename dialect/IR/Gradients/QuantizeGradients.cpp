//===- QuantizeGradients.cpp - straight-through gradients of quantization -----------------------------------------===//
//
// Rounding has no useful derivative: the gradient of the dequantized value is taken for that of the value before it was
// quantized. Between the two operations it is handed on as the gradient of the codes; scales have none.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> DequantizeOp::buildGradient(OpBuilder &, ValueRange gradients) { return {gradients[0], Value()}; }

SmallVector<Value> QuantizeOp::buildGradient(OpBuilder &, ValueRange gradients) { return {gradients[0]}; }
