//===- SharedFunctions.cpp - functions that the kernels of a module share -----------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/SharedFunctions.h"

using namespace mlir;
using namespace hadal;

LLVM::LLVMFuncOp hadal::getSharedFunction(KernelBuilder &k, StringRef name, ArrayRef<Type> arguments,
                                          function_ref<void(KernelBuilder &, ValueRange)> body) {
  auto module = k.builder.getBlock()->getParent()->getParentOfType<ModuleOp>();
  if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return existing;
  // Shared code belongs to no operation of the model.
  Location unknown = UnknownLoc::get(module.getContext());
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  LLVM::LLVMFuncOp function = createHelperFunction(builder, unknown, name, arguments);
  function.setNoInline(true);
  KernelBuilder inner(builder, unknown, k.target);
  body(inner, function.getArguments());
  return function;
}

void hadal::callFunction(KernelBuilder &k, LLVM::LLVMFuncOp function, ValueRange arguments) {
  LLVM::CallOp::create(k.builder, k.loc, function, arguments);
}

Value hadal::reserve(KernelBuilder &k, int64_t count) {
  OpBuilder::InsertionGuard guard(k.builder);
  Operation *parent = k.builder.getBlock()->getParentOp();
  auto function = dyn_cast<LLVM::LLVMFuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<LLVM::LLVMFuncOp>();
  k.builder.setInsertionPointToStart(&function.getBody().front());
  return LLVM::AllocaOp::create(k.builder, k.loc, k.pointerType(), k.f32(), k.i64(count), /*alignment=*/64);
}

Value hadal::at(KernelBuilder &k, Value pointer, Value offset) { return k.address(pointer, offset, k.f32()); }
Value hadal::at(KernelBuilder &k, Value pointer, int64_t offset) {
  return offset == 0 ? pointer : at(k, pointer, k.i64(offset));
}

TypedPointer hadal::at(KernelBuilder &k, TypedPointer pointer, Value offset) {
  return {k.address(pointer.pointer, offset, pointer.element ? pointer.element : k.f32()), pointer.element};
}
TypedPointer hadal::at(KernelBuilder &k, TypedPointer pointer, int64_t offset) {
  return offset == 0 ? pointer : at(k, pointer, k.i64(offset));
}

Value hadal::takePairsApart(KernelBuilder &k, Value pairs, bool second) {
  Value bits = second
                   ? arith::AndIOp::create(k.builder, k.loc, pairs, k.broadcast(k.i32(int32_t(0xffff0000)))).getResult()
                   : arith::ShLIOp::create(k.builder, k.loc, pairs, k.broadcast(k.i32(16))).getResult();
  return arith::BitcastOp::create(k.builder, k.loc, k.vectorOf(k.f32()), bits);
}

Value hadal::lessOrEqual(KernelBuilder &k, Value a, Value b) {
  return arith::CmpIOp::create(k.builder, k.loc, arith::CmpIPredicate::sle, a, b);
}
Value hadal::ceilDiv(KernelBuilder &k, Value a, int64_t b) { return k.div(k.add(a, b - 1), b); }
Value hadal::roundUp(KernelBuilder &k, Value a, int64_t b) { return k.mul(ceilDiv(k, a, b), b); }

void hadal::forVectors(KernelBuilder &k, Value count, int64_t multiple, function_ref<void(Value, Value)> body) {
  if (multiple % k.lanes == 0) {
    k.forLoop(k.i64(0), count, k.lanes, [&](Value offset) { body(offset, Value()); });
    return;
  }
  Value whole = k.mul(k.div(count, k.lanes), k.lanes);
  k.forLoop(k.i64(0), whole, k.lanes, [&](Value offset) { body(offset, Value()); });
  k.ifThen(k.less(whole, count), [&] { body(whole, k.maskFor(k.sub(count, whole))); });
}
