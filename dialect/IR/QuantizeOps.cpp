//===- QuantizeOps.cpp - block-scaled FP8
//
// Parameters and checks of the family's operations.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;
