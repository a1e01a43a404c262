//===- LowerInstructions.cpp - from operations of the ptx dialect to calls ----------------------------------------===//
//
// One function per shape of an operation; most are calls with the same operands. Vectors are handed over in memory.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emulator/Passes.h"
#include "dialect/PTX/PTX.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hadal;

namespace {

class InstructionLowering {
public:
  explicit InstructionLowering(CallEmitter &emitter) : emitter(emitter), builder(emitter.builder) {}

  /// Replaces one operation; false when it is none of the dialect's that are known here.
  bool lower(Operation *op);

private:
  CallEmitter &emitter;
  OpBuilder &builder;

  Value i32(Operation *op, int64_t value) { return emitter.i32(op->getLoc(), value); }
  Type i32Type() { return builder.getI32Type(); }
  /// A call of the same operands, i1 widened, and the same result.
  void callSame(Operation *op, ArrayRef<int64_t> immediates = {});
  Value isTrue(Operation *op, Value byte);
  Value store(Operation *op, Value vector, unsigned index);
  SmallVector<Value> coordinates(Operation *op, OperandRange values);

  void lowerOp(ptx::SharedMemoryOp op);
  void lowerOp(ptx::MapSharedOp op);
  void lowerOp(ptx::ShuffleOp op);
  void lowerOp(ptx::TMALoadOp op);
  void lowerOp(ptx::TMAStoreOp op);
  void lowerOp(ptx::MatrixDescriptorOp op);
  void lowerOp(ptx::WgmmaOp op);
  void lowerOp(ptx::WgmmaWaitOp op);
  void lowerOp(ptx::LoadMatrixOp op);
  void lowerOp(ptx::StoreMatrixOp op);
};

void InstructionLowering::callSame(Operation *op, ArrayRef<int64_t> immediates) {
  SmallVector<Value> arguments;
  for (Value operand : op->getOperands())
    arguments.push_back(operand.getType().isInteger(1) ? emitter.widen(operand) : operand);
  for (int64_t immediate : immediates)
    arguments.push_back(i32(op, immediate));
  StringRef name = op->getName().stripDialect();
  Type type = op->getNumResults() ? op->getResult(0).getType() : Type();
  // C returns a bool in a byte.
  bool isBool = type && type.isInteger(1);
  Value result = emitter.call(op, name, isBool ? builder.getI8Type() : type, arguments);
  if (isBool)
    result = isTrue(op, result);
  if (result)
    op->getResult(0).replaceAllUsesWith(result);
}

Value InstructionLowering::isTrue(Operation *op, Value byte) {
  return arith::TruncIOp::create(builder, op->getLoc(), builder.getI1Type(), byte);
}

Value InstructionLowering::store(Operation *op, Value vector, unsigned index) {
  Value variable = emitter.variable(op->getLoc(), vector.getType(), index);
  LLVM::StoreOp::create(builder, op->getLoc(), vector, variable);
  return variable;
}

SmallVector<Value> InstructionLowering::coordinates(Operation *op, OperandRange values) {
  SmallVector<Value> result(values);
  while (result.size() < ptx::TMALoadOp::maxRank)
    result.push_back(i32(op, 0));
  return result;
}

void InstructionLowering::lowerOp(ptx::SharedMemoryOp op) {
  Value base = emitter.callPlain(op, "shared_memory", emitter.pointer(), {});
  Value result = LLVM::GEPOp::create(builder, op.getLoc(), emitter.pointer(), builder.getI8Type(), base,
                                     ArrayRef<LLVM::GEPArg>{int32_t(op.getOffset())});
  op.replaceAllUsesWith(result);
}

void InstructionLowering::lowerOp(ptx::MapSharedOp op) {
  op.replaceAllUsesWith(emitter.call(op, "map_shared", emitter.pointer(), op->getOperands()));
}

void InstructionLowering::lowerOp(ptx::ShuffleOp op) {
  Value bits = emitter.bitcast(op.getValue(), i32Type());
  Value result = emitter.call(op, "shuffle", i32Type(), {i32(op, int64_t(op.getKind())), bits, op.getLane()});
  op.replaceAllUsesWith(emitter.bitcast(result, op.getType()));
}

void InstructionLowering::lowerOp(ptx::TMALoadOp op) {
  SmallVector<Value> arguments = {op.getDestination(), op.getMap(), op.getBarrier(),
                                  i32(op, op.getCoordinates().size())};
  arguments.append(coordinates(op, op.getCoordinates()));
  arguments.push_back(op.getMulticast() ? emitter.widen(op.getMulticast()) : i32(op, 0));
  emitter.call(op, "tma_load", {}, arguments);
}

void InstructionLowering::lowerOp(ptx::TMAStoreOp op) {
  SmallVector<Value> arguments = {op.getMap(), op.getSource(), i32(op, op.getCoordinates().size())};
  arguments.append(coordinates(op, op.getCoordinates()));
  emitter.call(op, "tma_store", {}, arguments);
}

void InstructionLowering::lowerOp(ptx::MatrixDescriptorOp op) {
  Location loc = op.getLoc();
  auto constant = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(int64_t(value)));
  };
  // Regions of shared memory are 256 KiB apart, so the low 18 bits are the offset that the descriptor wants.
  Value address = LLVM::PtrToIntOp::create(builder, loc, builder.getI64Type(), op.getPointer());
  Value start = arith::ShRUIOp::create(builder, loc, arith::AndIOp::create(builder, loc, address, constant(0x3ffff)),
                                       constant(4));
  // The descriptor counts swizzles from the widest on.
  uint64_t swizzle = op.getSwizzle() == ptx::Swizzle::None ? 0 : 4 - uint64_t(op.getSwizzle());
  uint64_t rest = (op.getLeading() / 16 & 0x3fff) << 16 | (op.getStride() / 16 & 0x3fff) << 32 | swizzle << 62;
  op.replaceAllUsesWith(Value(arith::OrIOp::create(builder, loc, start, constant(rest))));
}

void InstructionLowering::lowerOp(ptx::WgmmaOp op) {
  bool inRegisters = isa<VectorType>(op.getA().getType());
  Value accumulator = store(op, op.getAccumulator(), 0);
  Value a =
      inRegisters ? Value(arith::ConstantOp::create(builder, op.getLoc(), builder.getI64IntegerAttr(0))) : op.getA();
  Value registers = inRegisters ? store(op, op.getA(), 0) : emitter.null(op.getLoc());
  emitter.call(op, "wgmma", {},
               {accumulator, a, registers, op.getB(), i32(op, 2 * op.getAccumulator().getType().getNumElements()),
                emitter.widen(op.getScale()), i32(op, int64_t(op.getTypeA())), i32(op, int64_t(op.getTypeB())),
                i32(op, int64_t(op.getMajorA())), i32(op, int64_t(op.getMajorB()))});
  op.replaceAllUsesWith(Value(LLVM::LoadOp::create(builder, op.getLoc(), op.getType(), accumulator)));
}

void InstructionLowering::lowerOp(ptx::WgmmaWaitOp op) {
  emitter.call(op, "wgmma_wait", {}, {i32(op, op.getPending())});
  SmallVector<Value> results;
  for (Value value : op.getAccumulators()) {
    Value accumulator = store(op, value, 0);
    emitter.call(op, "wgmma_result", {}, {accumulator, i32(op, cast<VectorType>(value.getType()).getNumElements())});
    results.push_back(LLVM::LoadOp::create(builder, op.getLoc(), value.getType(), accumulator));
  }
  op->replaceAllUsesWith(results);
}

void InstructionLowering::lowerOp(ptx::LoadMatrixOp op) {
  VectorType type = cast<VectorType>(op.getRegisters().getType());
  Value registers = emitter.variable(op.getLoc(), type);
  emitter.call(op, "load_matrix", {},
               {op.getPointer(), i32(op, type.getNumElements()), i32(op, op.getTranspose()), registers});
  op.replaceAllUsesWith(Value(LLVM::LoadOp::create(builder, op.getLoc(), type, registers)));
}

void InstructionLowering::lowerOp(ptx::StoreMatrixOp op) {
  int64_t count = cast<VectorType>(op.getRegisters().getType()).getNumElements();
  Value registers = store(op, op.getRegisters(), 0);
  emitter.call(op, "store_matrix", {}, {op.getPointer(), i32(op, count), i32(op, op.getTranspose()), registers});
}

bool InstructionLowering::lower(Operation *op) {
  builder.setInsertionPoint(op);
  bool known =
      TypeSwitch<Operation *, bool>(op)
          .Case<ptx::ThreadIdOp, ptx::BlockIdOp, ptx::BlockCountOp, ptx::ClusterRankOp>([&](Operation *op) {
            op->getResult(0).replaceAllUsesWith(emitter.callPlain(op, op->getName().stripDialect(), i32Type(), {}));
            return true;
          })
          .Case<ptx::SharedMemoryOp, ptx::MapSharedOp, ptx::ShuffleOp, ptx::TMALoadOp, ptx::TMAStoreOp,
                ptx::MatrixDescriptorOp, ptx::WgmmaOp, ptx::WgmmaWaitOp, ptx::LoadMatrixOp, ptx::StoreMatrixOp>(
              [&](auto op) {
                lowerOp(op);
                return true;
              })
          .Case<ptx::BarrierOp, ptx::BarrierArriveOp>([&](auto op) {
            callSame(op, {int64_t(op.getThreads())});
            return true;
          })
          .Case<ptx::NoUnrollOp, ptx::PinOp>([](auto) { return true; })
          .Case([&](ptx::SetMaxRegistersOp op) {
            callSame(op, {int64_t(op.getAction()), int64_t(op.getCount())});
            return true;
          })
          .Case([&](ptx::MBarrierInitOp op) {
            callSame(op, {int64_t(op.getCount())});
            return true;
          })
          .Case([&](ptx::TMAWaitOp op) {
            callSame(op, {int64_t(op.getPending()), int64_t(op.getRead())});
            return true;
          })
          .Default([&](Operation *op) {
            if (!isa<ptx::PTXDialect>(op->getDialect()))
              return false;
            callSame(op);
            return true;
          });
  if (known)
    op->erase();
  return known;
}

} // namespace

LogicalResult hadal::lowerInstructions(LLVM::LLVMFuncOp function, CallEmitter &emitter) {
  InstructionLowering lowering(emitter);
  SmallVector<Operation *> operations;
  function.walk([&](Operation *op) {
    if (op->getDialect() && isa<ptx::PTXDialect>(op->getDialect()))
      operations.push_back(op);
  });
  for (Operation *op : operations)
    if (!lowering.lower(op))
      return op->emitError("the emulator does not know this operation");
  return success();
}
