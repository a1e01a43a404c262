//===- CheckAccesses.cpp - a check before every load and store ----------------------------------------------------===//
//
// An access must lie in memory that belongs to the kernel and be aligned to what the operation promises (or, without a
// promise, to its type). Accesses to constants of the module are known to be right when their address is computed from
// the constant's; the emulator does not know such memory.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emulator/Passes.h"
#include "dialect/PTX/PTX.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hadal;

namespace {

class AccessChecker {
public:
  AccessChecker(LLVM::LLVMFuncOp function, CallEmitter &emitter)
      : function(function), emitter(emitter), layout(DataLayout::closest(function)) {}

  void run() {
    hasProducts = function.walk([](ptx::WgmmaOp) { return WalkResult::interrupt(); }).wasInterrupted();
    SmallVector<Operation *> operations;
    function.walk([&](Operation *op) { operations.push_back(op); });
    for (Operation *op : operations) {
      emitter.builder.setInsertionPoint(op);
      TypeSwitch<Operation *>(op)
          .Case([&](LLVM::LoadOp load) { check(load, "load", load.getAddr(), load.getType(), load.getAlignment()); })
          .Case([&](LLVM::StoreOp store) {
            check(store, "store", store.getAddr(), store.getValue().getType(), store.getAlignment());
            checkNumbers(store, store.getAddr(), store.getValue().getType());
          })
          .Case([&](LLVM::AtomicRMWOp update) {
            check(update, "load", update.getPtr(), update.getType(), std::nullopt);
            check(update, "store", update.getPtr(), update.getType(), std::nullopt);
          })
          .Case([&](LLVM::MaskedLoadOp load) {
            checkMasked(load, "masked_load", load.getData(), load.getMask(), cast<VectorType>(load.getType()),
                        load.getAlignment());
          })
          .Case([&](LLVM::MaskedStoreOp store) {
            checkMasked(store, "masked_store", store.getData(), store.getMask(),
                        cast<VectorType>(store.getValue().getType()), store.getAlignment());
          })
          .Case([&](LLVM::masked_gather gather) {
            checkEach(gather, "masked_load", gather.getPtrs(), gather.getMask(),
                      cast<VectorType>(gather.getType()).getElementType());
          })
          .Case([&](LLVM::masked_scatter scatter) {
            checkEach(scatter, "masked_store", scatter.getPtrs(), scatter.getMask(),
                      cast<VectorType>(scatter.getValue().getType()).getElementType());
          });
    }
  }

private:
  LLVM::LLVMFuncOp function;
  CallEmitter &emitter;
  DataLayout layout;
  bool hasProducts = false;

  /// Whether the address is that of a constant of the module or a variable of the function, plus an offset.
  static bool isKnown(Value address) {
    while (Operation *op = address.getDefiningOp()) {
      if (isa<LLVM::AddressOfOp, LLVM::AllocaOp>(op))
        return true;
      if (!isa<LLVM::GEPOp, LLVM::AddrSpaceCastOp>(op))
        return false;
      address = op->getOperand(0);
    }
    return false;
  }

  Value space(Location loc, Type pointer) {
    return emitter.i32(loc, cast<LLVM::LLVMPointerType>(pointer).getAddressSpace());
  }

  void check(Operation *op, StringRef call, Value address, Type type, std::optional<uint64_t> alignment) {
    if (isKnown(address))
      return;
    Location loc = op->getLoc();
    uint64_t aligned = alignment && *alignment ? *alignment : layout.getTypeABIAlignment(type);
    emitter.call(op, call, {},
                 {address, emitter.i32(loc, layout.getTypeSize(type).getFixedValue()), emitter.i32(loc, aligned),
                  space(loc, address.getType())});
  }

  /// The mask's bits as i64.
  Value bits(Location loc, Value mask) {
    OpBuilder &builder = emitter.builder;
    int64_t length = cast<VectorType>(mask.getType()).getNumElements();
    Type narrow = builder.getIntegerType(length);
    Value number = LLVM::BitcastOp::create(builder, loc, narrow, mask);
    return length == 64 ? number : Value(arith::ExtUIOp::create(builder, loc, builder.getI64Type(), number));
  }

  void checkMasked(Operation *op, StringRef call, Value address, Value mask, VectorType type, uint64_t alignment) {
    if (isKnown(address))
      return;
    Location loc = op->getLoc();
    emitter.call(op, call, {},
                 {address, bits(loc, mask), emitter.i32(loc, layout.getTypeSize(type.getElementType())),
                  emitter.i32(loc, alignment), space(loc, address.getType())});
  }

  void checkEach(Operation *op, StringRef call, Value addresses, Value mask, Type element) {
    // A gather of a constant: one pointer and a vector of indices.
    if (auto gep = addresses.getDefiningOp<LLVM::GEPOp>(); gep && isKnown(gep.getBase()))
      return;
    Location loc = op->getLoc();
    OpBuilder &builder = emitter.builder;
    int64_t length = cast<VectorType>(mask.getType()).getNumElements();
    Value size = emitter.i32(loc, layout.getTypeSize(element));
    for (int64_t i = 0; i < length; ++i) {
      Value index = LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), i);
      Value address = LLVM::ExtractElementOp::create(builder, loc, addresses, index);
      Value takesPart = LLVM::ExtractElementOp::create(builder, loc, mask, index);
      Value bit = arith::ExtUIOp::create(builder, loc, builder.getI64Type(), takesPart);
      emitter.call(op, call, {}, {address, bit, size, size, space(loc, address.getType())});
    }
  }

  void checkNumbers(Operation *op, Value address, Type type) {
    if (!hasProducts || !getElementTypeOrSelf(type).isF32() || isKnown(address))
      return;
    emitter.builder.setInsertionPointAfter(op);
    emitter.call(op, "stored", {}, {address, emitter.i32(op->getLoc(), layout.getTypeSize(type).getFixedValue())});
  }
};

} // namespace

void hadal::checkAccesses(LLVM::LLVMFuncOp function, CallEmitter &emitter) { AccessChecker(function, emitter).run(); }
