//===- Tile.cpp - the tile dialect: registration and verifiers ----------------------------------------------------===//
//
// The verifiers refuse tiles that no box of TMA or no matrix descriptor can describe, and products that wgmma has no
// shape for, where the kernel is written rather than where it is lowered.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialect/Tile/TileDialect.cpp.inc"

using namespace mlir;
using namespace hadal;
using namespace hadal::tile;

#define GET_TYPEDEF_CLASSES
#include "dialect/Tile/TileTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialect/Tile/TileOps.cpp.inc"

void TileDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/Tile/TileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/Tile/TileOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static int64_t bytesOf(ptx::OperandType type) {
  return type == ptx::OperandType::E4M3 || type == ptx::OperandType::E5M2 ? 1 : 2;
}
static int64_t widthOf(ptx::Swizzle swizzle) { return int64_t(16) << unsigned(swizzle); }

int64_t MatrixType::elementBytes() const { return bytesOf(getElement()); }
int64_t MatrixType::panelWidth() const { return widthOf(getSwizzle()); }

LogicalResult MatrixType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t extent, int64_t depth,
                                 ptx::OperandType element, ptx::Major major, ptx::Swizzle swizzle) {
  if (swizzle == ptx::Swizzle::None)
    return emitError() << "a tile is swizzled: by b32, b64 or b128";
  int64_t panel = widthOf(swizzle) / bytesOf(element);
  int64_t contiguous = major == ptx::Major::K ? depth : extent, rows = major == ptx::Major::K ? extent : depth;
  if (contiguous <= 0 || contiguous % panel != 0)
    return emitError() << "the contiguous dimension (" << contiguous << ") must be a multiple of the panel's " << panel
                       << " elements";
  if (rows <= 0 || rows % 8 != 0 || rows > 256)
    return emitError() << "a panel has a multiple of 8 rows up to 256, not " << rows;
  if (bytesOf(element) == 1 && major != ptx::Major::K)
    return emitError() << "8-bit tiles have contiguous depth (major k)";
  return success();
}

LogicalResult RingType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t stages) {
  if (stages < 1 || stages > 32)
    return emitError() << "a ring has 1 to 32 stages, not " << stages;
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static LogicalResult verifyCoordinates(Operation *op, OperandRange coordinates) {
  if (coordinates.size() < 2 || coordinates.size() > ptx::TMALoadOp::maxRank)
    return op->emitOpError("expects 2 to 5 coordinates, not ") << coordinates.size();
  return success();
}

LogicalResult LoadOp::verify() {
  int64_t panels = getTile().getType().panels();
  if (int64_t(getFirstPanel() + std::max<int64_t>(getPanels(), 1)) > panels || int64_t(getFirstPanel()) < 0)
    return emitOpError("names panels that the tile, of ") << panels << ", does not have";
  return verifyCoordinates(*this, getCoordinates());
}

LogicalResult StoreOp::verify() { return verifyCoordinates(*this, getCoordinates()); }

LogicalResult WriteOp::verify() {
  int64_t registers = getRegisters().getType().getNumElements();
  if (registers % 4 != 0)
    return emitOpError("expects a multiple of 4 registers (64 × 16 numbers each), not ") << registers;
  if (getTile().getType().elementBytes() != 2)
    return emitOpError("writes 16-bit numbers only");
  return success();
}

LogicalResult RingTileOp::verify() {
  if (getOffset() % 1024 != 0 || getStride() % 1024 != 0)
    return emitOpError("expects a tile's offset and stride to be multiples of 1024 bytes");
  return success();
}

LogicalResult ProductOp::verify() {
  MatrixType b = getB().getType();
  int64_t columns = getAccumulator().getType().getNumElements() * 2;
  if (columns % 8 != 0 || columns > 256)
    return emitOpError("expects an accumulator of 4, 8, ... or 128 numbers (8 to 256 columns), not ") << columns / 2;
  if (columns > b.getExtent())
    return emitOpError("multiplies ") << columns << " columns of a tile that has " << b.getExtent();
  int64_t depth = 0;
  if (auto a = dyn_cast<MatrixType>(getA().getType())) {
    if (a.getExtent() < 64)
      return emitOpError("multiplies 64 rows of a tile that has ") << a.getExtent();
    if (a.elementBytes() != b.elementBytes() || (a.elementBytes() == 2 && a.getElement() != b.getElement()))
      return emitOpError("multiplies bf16 with bf16, f16 with f16, or 8-bit operands with each other");
    depth = a.getDepth();
  } else {
    if (getARow())
      return emitOpError("takes no first row of an operand in registers");
    depth = cast<VectorType>(getA().getType()).getNumElements() * 8 / b.elementBytes();
  }
  if (depth != b.getDepth())
    return emitOpError("multiplies depths that differ: ") << depth << " and " << b.getDepth();
  if (depth * b.elementBytes() % 32 != 0)
    return emitOpError("expects a depth of a multiple of 32 bytes");
  return success();
}

LogicalResult tile::PackOp::verify() {
  int64_t numbers = getAccumulator().getType().getNumElements(), registers = getRegisters().getType().getNumElements();
  if (numbers != 2 * registers && numbers != 4 * registers)
    return emitOpError("packs 2 bf16 or 4 e4m3 into a register: ") << numbers << " numbers fill no " << registers;
  return success();
}

LogicalResult SpecializeOp::verify() {
  if (getProducerRegisters().has_value() != getConsumerRegisters().has_value())
    return emitOpError("expects both counts of registers or none");
  if (getProducer().front().getNumArguments() != 0)
    return emitOpError("expects a producer without arguments");
  Block &consumer = getConsumer().front();
  if (consumer.getNumArguments() != 1 || !consumer.getArgument(0).getType().isInteger(32))
    return emitOpError("expects one argument of the consumer, the i32 number of its warp group");
  return success();
}
