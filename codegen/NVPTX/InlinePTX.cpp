//===- InlinePTX.cpp - instructions written as inline PTX ---------------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/InlinePTX.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace hadal;

Value InlinePTX::emit(StringRef text, std::string constraints, ValueRange operands, Type result) {
  constraints += constraints.empty() ? "~{memory}" : ",~{memory}";
  auto statement = LLVM::InlineAsmOp::create(
      rewriter, loc, result ? TypeRange(result) : TypeRange(), operands, rewriter.getStringAttr(text),
      rewriter.getStringAttr(constraints), /*has_side_effects=*/rewriter.getUnitAttr(), /*is_align_stack=*/UnitAttr(),
      LLVM::TailCallKindAttr::get(rewriter.getContext(), LLVM::TailCallKind::None), LLVM::AsmDialectAttr(),
      ArrayAttr());
  return result ? statement.getRes() : Value();
}

Value InlinePTX::address(Value pointer) {
  return LLVM::PtrToIntOp::create(rewriter, loc, rewriter.getI32Type(), pointer);
}

Value InlinePTX::i32(int64_t value) {
  return LLVM::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(int32_t(value)));
}

SmallVector<Value> InlinePTX::unpack(Value aggregate) {
  SmallVector<Value> values;
  if (auto vector = dyn_cast<VectorType>(aggregate.getType())) {
    for (int64_t index : llvm::seq(vector.getNumElements()))
      values.push_back(LLVM::ExtractElementOp::create(rewriter, loc, aggregate, i32(index)));
    return values;
  }
  for (int64_t index : llvm::seq<int64_t>(cast<LLVM::LLVMStructType>(aggregate.getType()).getBody().size()))
    values.push_back(LLVM::ExtractValueOp::create(rewriter, loc, aggregate, ArrayRef<int64_t>{index}));
  return values;
}

Value InlinePTX::pack(ValueRange values, VectorType type) {
  Value vector = LLVM::PoisonOp::create(rewriter, loc, type);
  for (auto [index, value] : llvm::enumerate(values))
    vector = LLVM::InsertElementOp::create(rewriter, loc, vector, value, i32(index));
  return vector;
}
