//===- Table.h - constant tables in LLVM's dialect ----------------------------------------------------------------===//
//
// Declares how strings and arrays of structures become constants of a module.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_HOST_TABLE_H
#define HADAL_CODEGEN_HOST_TABLE_H

#include "codegen/Host/Rows.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace hadal {

/// Writes constants at the end of a module.
class TableWriter {
public:
  explicit TableWriter(mlir::ModuleOp module);

  mlir::OpBuilder &getBuilder() { return builder; }
  /// The null pointer.
  mlir::Attribute null() { return mlir::LLVM::ZeroAttr::get(builder.getContext()); }
  /// The constant that holds a NUL-terminated string; equal strings are one.
  mlir::StringAttr string(llvm::StringRef text);
  /// Structures in a row. Returns the constant's name, or #llvm.zero when there are no rows.
  template <class Row> mlir::Attribute table(llvm::StringRef name, llvm::ArrayRef<Row> rows) {
    return emitTable(name, typeOf<Row>(), llvm::map_to_vector<0>(rows, [&](auto &row) { return row.write(builder); }));
  }
  template <class Row> mlir::Attribute table(llvm::StringRef name, const std::vector<Row> &rows) {
    return table(name, llvm::ArrayRef<Row>(rows));
  }
  /// Numbers of 32 bits in a row.
  mlir::Attribute integers(llvm::StringRef name, llvm::ArrayRef<int64_t> values);
  /// Pointers in a row.
  mlir::Attribute pointers(llvm::StringRef name, llvm::ArrayRef<mlir::Attribute> pointers);
  /// One structure of its own, exported or not. Returns the constant's name.
  template <class Row>
  mlir::StringAttr structure(llvm::StringRef name, const Row &row,
                             mlir::LLVM::Linkage linkage = mlir::LLVM::Linkage::Internal) {
    return emitStructure(name, typeOf<Row>(), row.write(builder), linkage);
  }
  /// Bytes aligned to 64, followed by a zero. Returns the constant's name.
  mlir::StringAttr bytes(llvm::StringRef name, llvm::StringRef contents);

private:
  mlir::LLVM::GlobalOp global(llvm::StringRef name, mlir::Type type, mlir::LLVM::Linkage linkage,
                              mlir::Attribute value);
  template <class Row> mlir::LLVM::LLVMStructType typeOf() {
    return getStructType(builder.getContext(), Row::describe());
  }
  mlir::Attribute emitTable(llvm::StringRef name, mlir::LLVM::LLVMStructType type, llvm::ArrayRef<TableRow> rows);
  mlir::StringAttr emitStructure(llvm::StringRef name, mlir::LLVM::LLVMStructType type, const TableRow &row,
                                 mlir::LLVM::Linkage linkage);
  mlir::Value emitRows(mlir::LLVM::LLVMStructType type, llvm::ArrayRef<TableRow> rows);

  mlir::OpBuilder builder;
  mlir::Location loc;
  llvm::StringMap<mlir::StringAttr> strings;
};

} // namespace hadal

#endif // HADAL_CODEGEN_HOST_TABLE_H
