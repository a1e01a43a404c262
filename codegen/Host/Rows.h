//===- Rows.h - rows of the runtime's tables ----------------------------------------------------------------------===//
//
// For every structure of runtime/include/hadal/program.h one of the same name here, made of the same description
// (program.def): hadal::rows::launch is written as a hadal_launch. A row is made by naming its fields,
//
//   rows::argument{.kind = HADAL_ARGUMENT_ARENA, .index = 3}
//
// and since no field has a default, a row that leaves one out does not compile.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_HOST_ROWS_H
#define HADAL_CODEGEN_HOST_ROWS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "runtime/include/hadal/program.h"

namespace hadal {

/// The fields of a row in their order: an IntegerAttr, FloatAttr or ArrayAttr; the name of a function
/// (FlatSymbolRefAttr); the name of another constant (StringAttr); or #llvm.zero, a null pointer.
using TableRow = llvm::SmallVector<mlir::Attribute>;

/// What a field of a structure is in LLVM.
enum class FieldKind { Pointer, Integer32, Integer64, Float32, Integers32, Integers64 };
struct FieldDescription {
  llvm::StringLiteral name;
  FieldKind kind;
  int64_t length = 1; // of an array
};

namespace fields {

/// A function, another constant, or null.
struct Pointer {
  Pointer(mlir::Attribute value) : value(value) {}
  mlir::Attribute value;
};

/// A number, whatever its type is in the program.
struct Number {
  Number(int64_t value) : value(value) {}
  int64_t value;
};

struct Real {
  Real(double value) : value(value) {}
  double value;
};

/// Numbers, followed by zeros up to the length of the field.
struct Numbers {
  Numbers(llvm::ArrayRef<int64_t> values) : values(values) {}
  llvm::SmallVector<int64_t> values;
};

} // namespace fields

namespace rows {

#define HADAL_BEGIN(structure) struct structure {
#define HADAL_POINTER(type, field) fields::Pointer field;
#define HADAL_FUNCTION(type, field) fields::Pointer field;
#define HADAL_U32(field) fields::Number field;
#define HADAL_I64(field) fields::Number field;
#define HADAL_U64(field) fields::Number field;
#define HADAL_F32(field) fields::Real field;
#define HADAL_I64S(field, length) fields::Numbers field;
#define HADAL_U32S(field, length) fields::Numbers field;
#define HADAL_END(structure)                                                                                           \
  static llvm::ArrayRef<FieldDescription> describe();                                                                  \
  TableRow write(mlir::Builder &builder) const;                                                                        \
  }                                                                                                                    \
  ;
#include "runtime/include/hadal/program.def"

} // namespace rows

/// The type that a structure of these fields has in LLVM.
mlir::LLVM::LLVMStructType getStructType(mlir::MLIRContext *context, llvm::ArrayRef<FieldDescription> fields);

} // namespace hadal

#endif // HADAL_CODEGEN_HOST_ROWS_H
