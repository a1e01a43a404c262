//===- CallEmitter.cpp - calls of the emulator --------------------------------------------------------------------===//
//
// The string that tells where an operation stands is "file:line:column in kernel.stage, operation #n": n tells the
// operations of a kernel apart that come from one operation of the model.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emulator/CallEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace hadal;

CallEmitter::CallEmitter(ModuleOp module, LLVM::LLVMFuncOp function)
    : builder(module.getContext()), module(module), function(function) {}

Value CallEmitter::i32(Location loc, int64_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(int32_t(value)));
}

Value CallEmitter::null(Location loc) { return LLVM::ZeroOp::create(builder, loc, pointer()); }

Value CallEmitter::widen(Value value) {
  return arith::ExtUIOp::create(builder, value.getLoc(), builder.getI32Type(), value);
}

Value CallEmitter::bitcast(Value value, Type type) {
  return value.getType() == type ? value : Value(arith::BitcastOp::create(builder, value.getLoc(), type, value));
}

Value CallEmitter::variable(Location loc, Type type, unsigned index) {
  Value &variable = variables[{type, index}];
  if (!variable) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    Value one = LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), 1);
    variable = LLVM::AllocaOp::create(builder, loc, pointer(), type, one);
  }
  return variable;
}

/// Where in the model (or in a file of kernels) an operation comes from.
static std::string sourceOf(Operation *op) {
  std::string text;
  op->getLoc()->walk([&](Location loc) {
    if (auto place = dyn_cast<FileLineColLoc>(loc)) {
      text = (place.getFilename().getValue() + ":" + Twine(place.getLine()) + ":" + Twine(place.getColumn())).str();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return text.empty() ? "unknown place" : text;
}

Value CallEmitter::location(Operation *op) {
  LLVM::GlobalOp &global = locations[op];
  if (!global) {
    StringRef name = op->getName().getStringRef();
    std::string text =
        sourceOf(op) + " in " + function.getName().str() + ", " + name.str() + " #" + std::to_string(++counts[name]);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(function);
    std::string symbol = "emulator.location." + function.getName().str() + "." + std::to_string(locations.size());
    text.push_back('\0');
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), text.size());
    global = LLVM::GlobalOp::create(builder, op->getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Private, symbol,
                                    builder.getStringAttr(text));
  }
  return LLVM::AddressOfOp::create(builder, op->getLoc(), global);
}

Value CallEmitter::callPlain(Operation *op, StringRef name, Type result, ValueRange arguments) {
  std::string symbol = ("hadal_emulator_" + name).str();
  if (!module.lookupSymbol(symbol)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    Type returned = result ? result : LLVM::LLVMVoidType::get(builder.getContext());
    // Pointers lose their address spaces when the function is done; the declaration has none.
    SmallVector<Type> types = llvm::map_to_vector(
        arguments.getTypes(), [&](Type type) { return isa<LLVM::LLVMPointerType>(type) ? pointer() : type; });
    LLVM::LLVMFuncOp::create(builder, module.getLoc(), symbol, LLVM::LLVMFunctionType::get(returned, types));
  }
  auto call = LLVM::CallOp::create(builder, op->getLoc(), result ? TypeRange(result) : TypeRange(), symbol, arguments);
  return result ? call.getResult() : Value();
}

Value CallEmitter::call(Operation *op, StringRef name, Type result, ValueRange arguments) {
  SmallVector<Value> all(arguments);
  all.push_back(location(op));
  return callPlain(op, name, result, all);
}
