//===- PTX.cpp - the ptx dialect: registration and verifiers ------------------------------------------------------===//
//
// The verifiers refuse what ptxas would refuse later, with the place in the kernel.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/PTX/PTX.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialect/PTX/PTXDialect.cpp.inc"
#include "dialect/PTX/PTXEnums.cpp.inc"

using namespace mlir;
using namespace hadal::ptx;

#define GET_ATTRDEF_CLASSES
#include "dialect/PTX/PTXAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "dialect/PTX/PTXOps.cpp.inc"

void PTXDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/PTX/PTXAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/PTX/PTXOps.cpp.inc"
      >();
}

/// Threads of a barrier come in warps, and a block has at most 1024.
static LogicalResult verifyThreads(Operation *op, int64_t threads) {
  if (threads < 32 || threads > 1024 || threads % 32 != 0)
    return op->emitOpError("expects a multiple of 32 threads up to 1024, not ") << threads;
  return success();
}

LogicalResult BarrierOp::verify() { return verifyThreads(*this, getThreads()); }
LogicalResult BarrierArriveOp::verify() { return verifyThreads(*this, getThreads()); }

LogicalResult SetMaxRegistersOp::verify() {
  int64_t count = getCount();
  if (count < 24 || count > 256 || count % 8 != 0)
    return emitOpError("expects a multiple of 8 from 24 to 256 registers, not ") << count;
  return success();
}

static LogicalResult verifyCoordinates(Operation *op, OperandRange coordinates) {
  if (coordinates.empty() || coordinates.size() > TMALoadOp::maxRank)
    return op->emitOpError("expects 1 to 5 coordinates, not ") << coordinates.size();
  return success();
}

LogicalResult TMALoadOp::verify() { return verifyCoordinates(*this, getCoordinates()); }
LogicalResult TMAStoreOp::verify() { return verifyCoordinates(*this, getCoordinates()); }

static bool isEightBits(OperandType type) { return type == OperandType::E4M3 || type == OperandType::E5M2; }

LogicalResult WgmmaOp::verify() {
  int64_t length = getAccumulator().getType().getNumElements();
  if (length % 4 != 0 || length > 128)
    return emitOpError("expects an accumulator of 4, 8, ... or 128 numbers (8 to 256 columns), not ") << length;
  if (isEightBits(getTypeA()) != isEightBits(getTypeB()) || (!isEightBits(getTypeA()) && getTypeA() != getTypeB()))
    return emitOpError("multiplies bf16 with bf16, f16 with f16, or 8-bit operands with each other");
  if (isEightBits(getTypeA()) && (getMajorA() != Major::K || getMajorB() != Major::K))
    return emitOpError("takes 8-bit operands with contiguous depth (major k) only");
  if (isa<VectorType>(getA().getType()) && getMajorA() != Major::K)
    return emitOpError("takes an operand in registers with contiguous depth (major k) only");
  return success();
}
