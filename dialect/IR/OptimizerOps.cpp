//===- OptimizerOps.cpp - the update of a training step
//
// Parameters and checks of the family's operations.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

// The results stand in the order parameter, gradient, moments, as the operands do.
int64_t AdamWOp::getInPlaceOperand(unsigned result) { return result; }

// The bias and the load.
int64_t RouterBiasUpdateOp::getInPlaceOperand(unsigned result) { return result; }
