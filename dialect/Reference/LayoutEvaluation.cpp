//===- LayoutEvaluation.cpp - what movements between layouts mean -------------------------------------------------===//
//
// A tensor of the evaluator is indexed by its dimensions, wherever its elements would lie: movement leaves it as it is.
// hadal-check-kernels lays tensors out by their types (dialect/IR/Encoding.h) before kernels run, and looks at the
// padding behind.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

LogicalResult PackOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  results.push_back(operands[0]);
  return success();
}

LogicalResult UnpackOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  results.push_back(operands[0]);
  return success();
}
