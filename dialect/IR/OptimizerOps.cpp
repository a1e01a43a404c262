//===- OptimizerOps.cpp - the update of a training step
//
// Parameters and checks of the family's operations.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;
