//===- SharedFunctions.h - functions that the kernels of a module share -------------------------------------------===//
//
// The inner parts of matrix products (register tiles, packing) are the same for every kernel with the same tile. They
// are emitted once per module, as internal functions that LLVM does not inline: sixty products then cost little more
// code and compile time than one. With them stand a few conveniences over KernelBuilder that the emitters of products
// use.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_SHAREDFUNCTIONS_H
#define HADAL_CODEGEN_CPU_SHAREDFUNCTIONS_H

#include "codegen/Emit/KernelBuilder.h"
#include "mlir/IR/BuiltinOps.h"

namespace hadal {

/// The internal function `name` of the module that `k` builds in. When it does not exist yet, `body` emits it, with a
/// builder of its own and the function's arguments.
mlir::LLVM::LLVMFuncOp getSharedFunction(KernelBuilder &k, llvm::StringRef name, llvm::ArrayRef<mlir::Type> arguments,
                                         llvm::function_ref<void(KernelBuilder &, mlir::ValueRange)> body);
void callFunction(KernelBuilder &k, mlir::LLVM::LLVMFuncOp function, mlir::ValueRange arguments);

/// Memory in the frame of the function that `k` builds in, for so many f32 (or i32).
mlir::Value reserve(KernelBuilder &k, int64_t count);

/// Address of the f32 (or i32) element `offset` elements after a pointer.
mlir::Value at(KernelBuilder &k, mlir::Value pointer, mlir::Value offset);
mlir::Value at(KernelBuilder &k, mlir::Value pointer, int64_t offset);
/// The number `offset` numbers after a pointer.
TypedPointer at(KernelBuilder &k, TypedPointer pointer, mlir::Value offset);
TypedPointer at(KernelBuilder &k, TypedPointer pointer, int64_t offset);

/// Pairs of bf16, a vector of i32, as two of f32: their first numbers, or their second ones.
mlir::Value takePairsApart(KernelBuilder &k, mlir::Value pairs, bool second);

/// a <= b of integers.
mlir::Value lessOrEqual(KernelBuilder &k, mlir::Value a, mlir::Value b);
/// a / b rounded up, and a rounded up to a multiple of b, for a >= 0.
mlir::Value ceilDiv(KernelBuilder &k, mlir::Value a, int64_t b);
mlir::Value roundUp(KernelBuilder &k, mlir::Value a, int64_t b);

/// body(offset, mask) for every vector of `count` elements: whole ones first, without a mask, then the rest under one.
/// `multiple` is a number that is known to divide the count: a multiple of the lanes leaves no rest.
void forVectors(KernelBuilder &k, mlir::Value count, int64_t multiple,
                llvm::function_ref<void(mlir::Value offset, mlir::Value mask)> body);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_SHAREDFUNCTIONS_H
