//===- Table.h - constant tables in LLVM's dialect ---------------------------------------------------------------===//
//
// Declares how strings and arrays of structures become constants of a module.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_HOST_TABLE_H
#define HADAL_CODEGEN_HOST_TABLE_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace hadal {

/// A field of a row: an IntegerAttr or FloatAttr; the name of a function (FlatSymbolRefAttr); the name of another
/// constant (StringAttr); or #llvm.zero, a null pointer.
using TableRow = llvm::SmallVector<mlir::Attribute>;

/// Writes constants at the end of a module.
class TableWriter {
public:
  explicit TableWriter(mlir::ModuleOp module);

  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::IntegerAttr i32(int64_t value) { return builder.getI32IntegerAttr(value); }
  mlir::IntegerAttr i64(int64_t value) { return builder.getI64IntegerAttr(value); }
  /// The constant that holds a NUL-terminated string; equal strings are one.
  mlir::StringAttr string(llvm::StringRef text);
  /// Structures in a row. Returns the constant's name, or #llvm.zero when there are no rows.
  mlir::Attribute table(llvm::StringRef name, mlir::LLVM::LLVMStructType type, llvm::ArrayRef<TableRow> rows);
  /// One structure of its own, exported or not. Returns the constant's name.
  mlir::StringAttr structure(llvm::StringRef name, mlir::LLVM::LLVMStructType type, const TableRow &fields,
                             mlir::LLVM::Linkage linkage = mlir::LLVM::Linkage::Internal);
  /// Bytes aligned to 64, followed by a zero. Returns the constant's name.
  mlir::StringAttr bytes(llvm::StringRef name, llvm::StringRef contents);

private:
  mlir::LLVM::GlobalOp global(llvm::StringRef name, mlir::Type type, mlir::LLVM::Linkage linkage,
                              mlir::Attribute value);
  mlir::Value emitRows(mlir::LLVM::LLVMStructType type, llvm::ArrayRef<TableRow> rows);

  mlir::OpBuilder builder;
  mlir::Location loc;
  llvm::StringMap<mlir::StringAttr> strings;
};

} // namespace hadal

#endif // HADAL_CODEGEN_HOST_TABLE_H
