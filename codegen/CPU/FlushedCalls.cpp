//===- FlushedCalls.cpp - functions that flush denormal numbers ---------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/FlushedCalls.h"

using namespace mlir;
using namespace hadal;

LLVM::LLVMFuncOp hadal::getFlushedFunction(KernelBuilder &k, StringRef name, ArrayRef<Type> arguments,
                                           function_ref<void(KernelBuilder &, ValueRange)> body) {
  LLVM::LLVMFuncOp function = getSharedFunction(k, name, arguments, body);
  function.setDenormalFpMath("preserve-sign,preserve-sign"); // zero keeps the sign of what was flushed
  return function;
}

void hadal::callFlushing(KernelBuilder &k, LLVM::LLVMFuncOp function, ValueRange arguments) {
  constexpr int32_t flushToZero = 1 << 15, denormalsAreZero = 1 << 6;
  auto call = [&](StringRef intrinsic, Value pointer) {
    LLVM::CallIntrinsicOp::create(k.builder, k.loc, k.builder.getStringAttr(intrinsic), ValueRange{pointer});
  };
  Value before = reserve(k, 1), flushing = reserve(k, 1);
  call("llvm.x86.sse.stmxcsr", before);
  Value bits = arith::OrIOp::create(k.builder, k.loc, k.load(k.i32(), before), k.i32(flushToZero | denormalsAreZero));
  k.store(bits, flushing);
  call("llvm.x86.sse.ldmxcsr", flushing);
  callFunction(k, function, arguments);
  call("llvm.x86.sse.ldmxcsr", before);
}
