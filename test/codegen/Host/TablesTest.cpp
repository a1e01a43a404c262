//===- TablesTest.cpp - what the compiler writes is what the runtime reads ---------------------------------------===//
//
// Writes one row of every structure of program.h, another number into every field by its name, translates it to LLVM
// IR, and reads every field where a C compiler puts it. A field of another type, at another place, or exchanged with
// its neighbour is found.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Table.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "test/codegen/Host/TablesLayout.h"
#include "llvm/Analysis/ConstantFolding.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace hadal;

namespace {

/// Numbers for the fields, from 1 on: the field of index n holds n + 1, as a pointer the text of it.
class Numbering {
public:
  explicit Numbering(TableWriter &writer) : writer(writer) {}

  fields::Pointer pointer() { return writer.string(std::to_string(++last)); }
  int64_t number() { return ++last; }
  SmallVector<int64_t> numbers(int64_t length) {
    SmallVector<int64_t> values;
    ++last;
    for (int64_t index = 0; index < length; ++index)
      values.push_back(100 * last + index);
    return values;
  }

private:
  TableWriter &writer;
  int64_t last = 0;
};

// rows::tensor make(rows::tensor *, Numbering &), ...: every field is named.
#define HADAL_BEGIN(structure)                                                                                         \
  rows::structure make(rows::structure *, Numbering &next) {                                                           \
    return {
#define HADAL_POINTER(type, field) .field = next.pointer(),
#define HADAL_FUNCTION(type, field) .field = next.pointer(),
#define HADAL_U32(field) .field = next.number(),
#define HADAL_I64(field) .field = next.number(),
#define HADAL_U64(field) .field = next.number(),
#define HADAL_F32(field) .field = double(next.number()),
#define HADAL_I64S(field, length) .field = ArrayRef<int64_t>(next.numbers(length)),
#define HADAL_U32S(field, length) .field = ArrayRef<int64_t>(next.numbers(length)),
#define HADAL_END(structure)                                                                                           \
  }                                                                                                                    \
  ;                                                                                                                    \
  }
#include "runtime/include/hadal/program.def"

/// A row in LLVM IR.
class WrittenRow {
public:
  template <class Row> explicit WrittenRow(Row *tag) {
    DialectRegistry registry;
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    MLIRContext context(registry);
    context.loadDialect<LLVM::LLVMDialect>();
    OwningOpRef<ModuleOp> source = ModuleOp::create(UnknownLoc::get(&context));
    TableWriter writer(*source);
    Numbering next(writer);
    writer.structure("row", make(tag, next), LLVM::Linkage::External);
    module = translateModuleToLLVMIR(*source, llvmContext);
    module->setDataLayout(
        "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"); // of x86-64
    row = module->getNamedGlobal("row")->getInitializer();
  }

  uint64_t size() const { return module->getDataLayout().getTypeAllocSize(row->getType()); }
  uint64_t offsetOf(unsigned field) const {
    return module->getDataLayout().getStructLayout(cast<llvm::StructType>(row->getType()))->getElementOffset(field);
  }

  /// The number that stands at a byte.
  int64_t integer(uint64_t offset, unsigned bits) {
    auto *value = dyn_cast_or_null<llvm::ConstantInt>(load(offset, llvm::Type::getIntNTy(llvmContext, bits)));
    return value ? value->getSExtValue() : -1;
  }
  int64_t real(uint64_t offset) {
    auto *value = dyn_cast_or_null<llvm::ConstantFP>(load(offset, llvm::Type::getFloatTy(llvmContext)));
    return value ? int64_t(value->getValueAPF().convertToFloat()) : -1;
  }
  int64_t pointer(uint64_t offset) {
    auto *text = dyn_cast_or_null<llvm::GlobalVariable>(load(offset, llvm::PointerType::getUnqual(llvmContext)));
    auto *bytes = text ? dyn_cast<llvm::ConstantDataArray>(text->getInitializer()) : nullptr;
    return bytes ? std::stoll(bytes->getAsCString().str()) : -1;
  }

private:
  llvm::Constant *load(uint64_t offset, llvm::Type *type) {
    return llvm::ConstantFoldLoadFromConst(row, type, llvm::APInt(64, offset), module->getDataLayout());
  }

  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> module;
  llvm::Constant *row;
};

/// Compares a row with what C makes of the structure.
void compare(WrittenRow &&row, const c_structure &layout, ArrayRef<FieldDescription> fields) {
  ASSERT_EQ(fields.size(), layout.field_count);
  EXPECT_EQ(row.size(), layout.size);
  for (unsigned index = 0; index < fields.size(); ++index) {
    const c_field &expected = layout.fields[index];
    SCOPED_TRACE(expected.name);
    EXPECT_EQ(fields[index].name, expected.name);
    EXPECT_EQ(row.offsetOf(index), expected.offset);
    int64_t number = index + 1;
    switch (fields[index].kind) {
    case FieldKind::Pointer:
      EXPECT_EQ(row.pointer(expected.offset), number);
      EXPECT_EQ(expected.size, 8u);
      break;
    case FieldKind::Integer32:
      EXPECT_EQ(row.integer(expected.offset, 32), number);
      EXPECT_EQ(expected.size, 4u);
      break;
    case FieldKind::Integer64:
      EXPECT_EQ(row.integer(expected.offset, 64), number);
      EXPECT_EQ(expected.size, 8u);
      break;
    case FieldKind::Float32:
      EXPECT_EQ(row.real(expected.offset), number);
      EXPECT_EQ(expected.size, 4u);
      break;
    case FieldKind::Integers32:
      EXPECT_EQ(expected.size, 4u * fields[index].length);
      for (int64_t element = 0; element < fields[index].length; ++element)
        EXPECT_EQ(row.integer(expected.offset + 4 * element, 32), 100 * number + element);
      break;
    case FieldKind::Integers64:
      EXPECT_EQ(expected.size, 8u * fields[index].length);
      for (int64_t element = 0; element < fields[index].length; ++element)
        EXPECT_EQ(row.integer(expected.offset + 8 * element, 64), 100 * number + element);
      break;
    }
  }
}

#define HADAL_BEGIN(structure)                                                                                         \
  TEST(TablesTest, WritesWhatIsReadAs_##structure) {                                                                   \
    compare(WrittenRow(static_cast<rows::structure *>(nullptr)), c_layout_##structure(), rows::structure::describe()); \
  }
#define HADAL_POINTER(type, field)
#define HADAL_FUNCTION(type, field)
#define HADAL_U32(field)
#define HADAL_I64(field)
#define HADAL_U64(field)
#define HADAL_F32(field)
#define HADAL_I64S(field, length)
#define HADAL_U32S(field, length)
#define HADAL_END(structure)
#include "runtime/include/hadal/program.def"

} // namespace
