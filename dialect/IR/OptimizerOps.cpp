//===- OptimizerOps.cpp - the update of a training step -----------------------------------------------------------===//
//
// Parameters and checks of the family's operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

// The results stand in the order parameter, gradient, moments, as the operands do.
int64_t AdamWOp::getInPlaceOperand(unsigned result) { return result; }

// The bias and the load.
int64_t RouterBiasUpdateOp::getInPlaceOperand(unsigned result) { return result; }

LogicalResult AdamWOp::verify() {
  ArrayRef<int64_t> shape = getParameter().getType().getShape();
  Checks checks(*this);
  checks.shape("the gradient", getGradient().getType(), shape, "the shape of the parameter")
      .shape("the first moment", getFirstMoment().getType(), shape, "the shape of the parameter")
      .shape("the second moment", getSecondMoment().getType(), shape, "the shape of the parameter");
  for (auto [operand, result] : llvm::zip(getOperands().take_front(4), getResults()))
    checks.expect(operand.getType() == result.getType(), "expects each result to have the type of its operand");
  return checks;
}

LogicalResult RouterBiasUpdateOp::verify() { return Checks(*this).rank("the bias", getBias().getType(), 1, "experts"); }
