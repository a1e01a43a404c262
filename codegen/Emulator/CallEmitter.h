//===- CallEmitter.h - calls of the emulator ----------------------------------------------------------------------===//
//
// Emits calls of the functions in runtime/devices/emulator/calls.h, with the declarations and the strings that they
// need.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMULATOR_CALLEMITTER_H
#define HADAL_CODEGEN_EMULATOR_CALLEMITTER_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace hadal {

class CallEmitter {
public:
  /// Declarations and strings go to the module; `function` is the kernel that is rewritten, under its final name.
  CallEmitter(mlir::ModuleOp module, mlir::LLVM::LLVMFuncOp function);

  /// The insertion point is that of the operation that is replaced or checked.
  mlir::OpBuilder builder;

  mlir::Type pointer() { return mlir::LLVM::LLVMPointerType::get(builder.getContext()); }
  mlir::Value i32(mlir::Location loc, int64_t value);
  mlir::Value null(mlir::Location loc);
  /// i1 and i16 as the i32 in which C passes them.
  mlir::Value widen(mlir::Value value);
  /// The number's 32 bits as another type of 32 bits.
  mlir::Value bitcast(mlir::Value value, mlir::Type type);

  /// Calls hadal_emulator_NAME(arguments..., location of op); `result` may be null.
  mlir::Value call(mlir::Operation *op, llvm::StringRef name, mlir::Type result, mlir::ValueRange arguments);
  /// Without a location.
  mlir::Value callPlain(mlir::Operation *op, llvm::StringRef name, mlir::Type result, mlir::ValueRange arguments);

  /// A variable of the thread, in the function's entry block. Variables of one type and index are one.
  mlir::Value variable(mlir::Location loc, mlir::Type type, unsigned index = 0);

private:
  mlir::ModuleOp module;
  mlir::LLVM::LLVMFuncOp function;
  llvm::DenseMap<std::pair<mlir::Type, unsigned>, mlir::Value> variables;
  llvm::StringMap<unsigned> counts;
  llvm::DenseMap<mlir::Operation *, mlir::LLVM::GlobalOp> locations;

  mlir::Value location(mlir::Operation *op);
};

} // namespace hadal

#endif // HADAL_CODEGEN_EMULATOR_CALLEMITTER_H
