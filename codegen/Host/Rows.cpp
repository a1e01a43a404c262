//===- Rows.cpp - rows of the runtime's tables --------------------------------------------------------------------===//
//
// The fields of every structure, and how each kind of field is written.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Rows.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Writes the fields of one structure, which know their kinds from its description.
class RowWriter {
public:
  RowWriter(Builder &builder, ArrayRef<FieldDescription> fields) : builder(builder), fields(fields) {}

  void add(const fields::Pointer &field) { row.push_back(field.value); }
  void add(const fields::Number &field) {
    bool isNarrow = next().kind == FieldKind::Integer32;
    assert((!isNarrow || llvm::isUInt<32>(field.value)) && "the number does not fit its field");
    row.push_back(isNarrow ? builder.getI32IntegerAttr(field.value) : builder.getI64IntegerAttr(field.value));
  }
  void add(const fields::Real &field) { row.push_back(builder.getF32FloatAttr(field.value)); }
  void add(const fields::Numbers &field) {
    SmallVector<int64_t> padded(field.values);
    assert(int64_t(padded.size()) <= next().length && "more numbers than the field holds");
    padded.resize(next().length, 0);
    if (next().kind == FieldKind::Integers64)
      return row.push_back(builder.getI64ArrayAttr(padded));
    row.push_back(builder.getArrayAttr(
        llvm::map_to_vector(padded, [&](int64_t value) -> Attribute { return builder.getI32IntegerAttr(value); })));
  }
  TableRow take() { return std::move(row); }

private:
  const FieldDescription &next() const { return fields[row.size()]; }

  Builder &builder;
  ArrayRef<FieldDescription> fields;
  TableRow row;
};

} // namespace

#define HADAL_BEGIN(structure)                                                                                         \
  ArrayRef<FieldDescription> rows::structure::describe() {                                                             \
    static constexpr FieldDescription fields[] = {
#define HADAL_POINTER(type, field) {#field, FieldKind::Pointer},
#define HADAL_FUNCTION(type, field) {#field, FieldKind::Pointer},
#define HADAL_U32(field) {#field, FieldKind::Integer32},
#define HADAL_I64(field) {#field, FieldKind::Integer64},
#define HADAL_U64(field) {#field, FieldKind::Integer64},
#define HADAL_F32(field) {#field, FieldKind::Float32},
#define HADAL_I64S(field, length) {#field, FieldKind::Integers64, length},
#define HADAL_U32S(field, length) {#field, FieldKind::Integers32, length},
#define HADAL_END(structure)                                                                                           \
  }                                                                                                                    \
  ;                                                                                                                    \
  return fields;                                                                                                       \
  }
#include "runtime/include/hadal/program.def"

#define HADAL_BEGIN(structure)                                                                                         \
  TableRow rows::structure::write(Builder &builder) const {                                                            \
    RowWriter writer(builder, describe());
#define HADAL_POINTER(type, field) writer.add(field);
#define HADAL_FUNCTION(type, field) writer.add(field);
#define HADAL_U32(field) writer.add(field);
#define HADAL_I64(field) writer.add(field);
#define HADAL_U64(field) writer.add(field);
#define HADAL_F32(field) writer.add(field);
#define HADAL_I64S(field, length) writer.add(field);
#define HADAL_U32S(field, length) writer.add(field);
#define HADAL_END(structure)                                                                                           \
  return writer.take();                                                                                                \
  }
#include "runtime/include/hadal/program.def"

LLVM::LLVMStructType hadal::getStructType(MLIRContext *context, ArrayRef<FieldDescription> fields) {
  Builder builder(context);
  SmallVector<Type> types;
  for (const FieldDescription &field : fields)
    switch (field.kind) {
    case FieldKind::Pointer:
      types.push_back(LLVM::LLVMPointerType::get(context));
      break;
    case FieldKind::Integer32:
      types.push_back(builder.getI32Type());
      break;
    case FieldKind::Integer64:
      types.push_back(builder.getI64Type());
      break;
    case FieldKind::Float32:
      types.push_back(builder.getF32Type());
      break;
    case FieldKind::Integers32:
      types.push_back(LLVM::LLVMArrayType::get(builder.getI32Type(), field.length));
      break;
    case FieldKind::Integers64:
      types.push_back(LLVM::LLVMArrayType::get(builder.getI64Type(), field.length));
      break;
    }
  return LLVM::LLVMStructType::getLiteral(context, types);
}
