//===- Table.cpp - constant tables in LLVM's dialect --------------------------------------------------------------===//
//
// A constant of LLVM's dialect may name functions but not other constants: addresses of data have to be inserted into
// it. Each insertion makes a new constant of the whole array, which would be quadratic in its length. A table is
// therefore written in chunks: rows are inserted into a chunk and chunks into the whole. Chunks of equal length are an
// array, the rest another; side by side in a structure they lie in memory as one array of rows.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Host/Table.h"

using namespace mlir;
using namespace hadal;

namespace {
constexpr size_t rowsPerChunk = 64;
} // namespace

TableWriter::TableWriter(ModuleOp module)
    : builder(OpBuilder::atBlockEnd(module.getBody())), loc(UnknownLoc::get(module.getContext())) {}

LLVM::GlobalOp TableWriter::global(StringRef name, Type type, LLVM::Linkage linkage, Attribute value) {
  return LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, linkage, name, value);
}

StringAttr TableWriter::string(StringRef text) {
  auto [entry, isNew] = strings.try_emplace(text);
  if (isNew) {
    std::string name = "string." + std::to_string(strings.size() - 1), bytes = text.str() + '\0';
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
    global(name, type, LLVM::Linkage::Internal, builder.getStringAttr(bytes));
    entry->second = builder.getStringAttr(name);
  }
  return entry->second;
}

/// An array of at most rowsPerChunk rows.
Value TableWriter::emitRows(LLVM::LLVMStructType type, ArrayRef<TableRow> rows) {
  auto arrayType = LLVM::LLVMArrayType::get(type, rows.size());
  SmallVector<Attribute> constants;
  for (const TableRow &row : rows)
    constants.push_back(builder.getArrayAttr(llvm::map_to_vector(
        row, [&](Attribute field) -> Attribute { return isa<StringAttr>(field) ? null() : field; })));
  Value array = LLVM::ConstantOp::create(builder, loc, arrayType, builder.getArrayAttr(constants));
  DenseMap<Attribute, Value> addresses;
  for (int64_t index = 0; index < int64_t(rows.size()); ++index)
    for (auto [position, field] : llvm::enumerate(rows[index])) {
      auto name = dyn_cast<StringAttr>(field);
      if (!name)
        continue;
      Value &address = addresses[name];
      if (!address)
        address = LLVM::AddressOfOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext()),
                                            FlatSymbolRefAttr::get(name));
      array = LLVM::InsertValueOp::create(builder, loc, array, address, ArrayRef<int64_t>{index, int64_t(position)});
    }
  return array;
}

Attribute TableWriter::integers(StringRef name, ArrayRef<int64_t> values) {
  if (values.empty())
    return null();
  auto narrow = llvm::map_to_vector(values, [](int64_t value) { return int32_t(value); });
  global(name, LLVM::LLVMArrayType::get(builder.getI32Type(), values.size()), LLVM::Linkage::Internal,
         builder.getI32TensorAttr(narrow));
  return builder.getStringAttr(name);
}

Attribute TableWriter::pointers(StringRef name, ArrayRef<Attribute> pointers) {
  auto type =
      LLVM::LLVMStructType::getLiteral(builder.getContext(), {LLVM::LLVMPointerType::get(builder.getContext())});
  return emitTable(name, type, llvm::map_to_vector<0>(pointers, [](Attribute pointer) { return TableRow{pointer}; }));
}

Attribute TableWriter::emitTable(StringRef name, LLVM::LLVMStructType type, ArrayRef<TableRow> rows) {
  if (rows.empty())
    return null();
  int64_t chunks = rows.size() / rowsPerChunk;
  size_t rest = rows.size() % rowsPerChunk;
  auto chunkType = LLVM::LLVMArrayType::get(type, rowsPerChunk);
  auto wholeType = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), {LLVM::LLVMArrayType::get(chunkType, chunks), LLVM::LLVMArrayType::get(type, rest)});
  LLVM::GlobalOp op = global(name, wholeType, LLVM::Linkage::Internal, Attribute());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&op.getInitializerRegion());
  Value whole = LLVM::UndefOp::create(builder, loc, wholeType);
  for (int64_t chunk = 0; chunk < chunks; ++chunk)
    whole =
        LLVM::InsertValueOp::create(builder, loc, whole, emitRows(type, rows.slice(chunk * rowsPerChunk, rowsPerChunk)),
                                    ArrayRef<int64_t>{0, chunk});
  if (rest)
    whole =
        LLVM::InsertValueOp::create(builder, loc, whole, emitRows(type, rows.take_back(rest)), ArrayRef<int64_t>{1});
  LLVM::ReturnOp::create(builder, loc, whole);
  return builder.getStringAttr(name);
}

StringAttr TableWriter::bytes(StringRef name, StringRef contents) {
  std::string terminated = contents.str() + '\0';
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), terminated.size());
  global(name, type, LLVM::Linkage::Internal, builder.getStringAttr(terminated)).setAlignment(64);
  return builder.getStringAttr(name);
}

StringAttr TableWriter::emitStructure(StringRef name, LLVM::LLVMStructType type, const TableRow &row,
                                      LLVM::Linkage linkage) {
  LLVM::GlobalOp op = global(name, type, linkage, Attribute());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&op.getInitializerRegion());
  Value array = emitRows(type, row);
  LLVM::ReturnOp::create(builder, loc,
                         LLVM::ExtractValueOp::create(builder, loc, array, ArrayRef<int64_t>{0}).getResult());
  return builder.getStringAttr(name);
}
