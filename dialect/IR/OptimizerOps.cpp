//===- OptimizerOps.cpp - gradients and update of a training step -------------------------------------------------===//
//
// Parameters and checks of the family's operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

OperandRange AccumulateOp::getSummands() { return getOperands().take_front(2); }

// The results stand in the order parameter, moments, as the operands do but for the gradient.
int64_t AdamWOp::getInPlaceOperand(unsigned result) { return result == 0 ? 0 : result + 1; }

// The bias and the load.
int64_t RouterBiasUpdateOp::getInPlaceOperand(unsigned result) { return result; }

LogicalResult AdamWOp::verify() {
  ArrayRef<int64_t> shape = getParameter().getType().getShape();
  Checks checks(*this);
  checks.shape("the gradient", getGradient().getType(), shape, "the shape of the parameter")
      .shape("the first moment", getFirstMoment().getType(), shape, "the shape of the parameter")
      .shape("the second moment", getSecondMoment().getType(), shape, "the shape of the parameter");
  for (OpResult result : getResults())
    checks.expect(result.getType() == getOperand(getInPlaceOperand(result.getResultNumber())).getType(),
                  "expects each result to have the type of its operand");
  return checks;
}

LogicalResult RouterBiasUpdateOp::verify() { return Checks(*this).rank("the bias", getBias().getType(), 1, "experts"); }
