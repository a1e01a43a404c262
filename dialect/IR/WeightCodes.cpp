//===- WeightCodes.cpp - weights that are kept as codes -----------------------------------------------------------===//
//
// See the header. The checks of the two operations stand here as well.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/WeightCodes.h"
#include "dialect/IR/Checks.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/Hadal.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

CodeForm hadal::getCodeForm(CodeFormat format) {
  switch (format) {
  case CodeFormat::Int8:
    return {1, 32, 1, 127.0};
  case CodeFormat::Int4:
    return {1, 32, 2, 7.0};
  case CodeFormat::FP8:
    return {128, 128, 1, 448.0};
  }
  llvm_unreachable("all formats are handled");
}

static int64_t ceilDivide(int64_t a, int64_t b) { return int64_t(llvm::divideCeil(uint64_t(a), uint64_t(b))); }

int64_t hadal::getCodePanelBytes(CodeFormat format, int64_t depth) {
  return int64_t(llvm::alignTo(depth, codePanelDepth)) * codePanelColumns / getCodeForm(format).perByte;
}

int64_t hadal::countCodeGroups(CodeFormat format, int64_t depth) {
  return ceilDivide(depth, getCodeForm(format).depth);
}

int64_t hadal::countStoredScales(CodeFormat format, int64_t columns, int64_t depth) {
  CodeForm form = getCodeForm(format);
  int64_t rows =
      form.hasBlocks() ? ceilDivide(columns, form.columns) : int64_t(llvm::alignTo(columns, codePanelColumns));
  return rows * countCodeGroups(format, depth);
}

/// A layout in the order of all dimensions, of which the last two are cut.
static Attribute getPanels(RankedTensorType type, ArrayRef<int64_t> inner, ArrayRef<int64_t> tiles) {
  MLIRContext *context = type.getContext();
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  auto layout = LayoutAttr::get(context, order, inner, tiles);
  return EncodingAttr::get(context, layout, /*bounds=*/{}, /*shard=*/ShardAttr());
}

RankedTensorType hadal::getCodesType(RankedTensorType weight, CodeFormat format) {
  Builder builder(weight.getContext());
  SmallVector<int64_t> shape(weight.getShape());
  int64_t depth = weight.getRank() - 1, columns = depth - 1, perByte = getCodeForm(format).perByte;
  shape.back() = ceilDivide(shape.back(), perByte);
  Type element = format == CodeFormat::FP8 ? Type(builder.getType<Float8E4M3FNType>()) : Type(builder.getI8Type());
  Attribute encoding;
  if (perByte == 1) {
    encoding = getPanels(weight, {depth, columns}, {codePanelDepth, codePanelColumns});
  } else {
    // A word of codes for each column.
    constexpr int64_t bytesOfWord = 4;
    encoding = getPanels(weight, {depth, columns, depth},
                         {codePanelDepth / perByte / bytesOfWord, codePanelColumns, bytesOfWord});
  }
  return RankedTensorType::get(shape, element, encoding);
}

RankedTensorType hadal::getScalesType(RankedTensorType weight, CodeFormat format) {
  Builder builder(weight.getContext());
  CodeForm form = getCodeForm(format);
  SmallVector<int64_t> shape(weight.getShape());
  shape.back() = ceilDivide(shape.back(), form.depth);
  int64_t &columns = shape[shape.size() - 2];
  columns = ceilDivide(columns, form.columns);
  if (form.hasBlocks())
    return RankedTensorType::get(shape, builder.getF32Type());
  return RankedTensorType::get(shape, builder.getBF16Type(),
                               getPanels(weight, {weight.getRank() - 2}, {codePanelColumns}));
}

std::optional<CodedWeight> hadal::getCodedWeight(Value value) {
  auto weight = value.getDefiningOp<DequantizeWeightOp>();
  return weight ? std::optional(CodedWeight{weight.getFormat(), weight.getCodes(), weight.getScales()}) : std::nullopt;
}

bool hadal::areWeightCodes(Value value) {
  if (auto maker = value.getDefiningOp<QuantizeWeightOp>())
    return value == maker.getCodes();
  return !value.use_empty() && llvm::all_of(value.getUsers(), llvm::IsaPred<DequantizeWeightOp>);
}

bool hadal::mayReadCodes(OpOperand &use) {
  Operation *reader = use.getOwner();
  if (auto head = dyn_cast<HeadOpInterface>(reader))
    return head.getLogits() && head.getWeight() == use.get() && head.getHidden() != use.get();
  auto product = dyn_cast<ContractionOpInterface>(reader);
  std::optional<ContractionForm> form = product ? product.getContraction() : std::nullopt;
  if (!form || form->rhs.operand != use.getOperandNumber() || form->rhs.transposed || form->rhs.start != 0 ||
      form->rhs.scales || form->grouping == ContractionGrouping::Depth)
    return false;
  auto type = dyn_cast<RankedTensorType>(use.get().getType());
  bool hasBatches = form->rhs.batchStride > 0;
  return type && type.getRank() == (hasBatches ? 3 : 2) && form->rhs.rowStride == form->depth &&
         type.getShape().back() == form->depth && (!hasBatches || form->rhs.batchStride == form->depth * form->columns);
}

bool hadal::readsCodes(OpOperand &use) { return getCodedWeight(use.get()) && mayReadCodes(use); }

//===--------------------------------------------------------------------------------------------------------------===//
// Checks
//===--------------------------------------------------------------------------------------------------------------===//

/// Codes and scales are those of a weight of this type.
static LogicalResult verifyCodes(Operation *op, RankedTensorType weight, Type codes, Type scales, CodeFormat format) {
  Checks checks(op);
  checks.expect(weight.getRank() >= 2 && weight.hasStaticShape() && weight.getNumElements() > 0,
                "expects a weight of closed shape whose last two dimensions are columns × depth");
  if (failed(LogicalResult(checks)))
    return failure();
  auto expect = [&](StringRef name, Type type, RankedTensorType expected) {
    std::string text;
    llvm::raw_string_ostream(text) << "expects " << name << " of the type " << expected << " for a weight of " << weight
                                   << " in " << stringifyCodeFormat(format) << ", got " << type;
    checks.expect(type == expected, text);
  };
  expect("codes", codes, getCodesType(weight, format));
  expect("scales", scales, getScalesType(weight, format));
  return checks;
}

LogicalResult QuantizeWeightOp::verify() {
  RankedTensorType weight = getWeight().getType();
  if (failed(verifyCodes(*this, weight, getCodes().getType(), getScales().getType(), getFormat())))
    return failure();
  Checks checks(*this);
  checks.expect(!weight.getEncoding(), "expects a weight that lies row by row");
  if (getGiven())
    checks
        .expect(getFormat() == CodeFormat::FP8,
                "takes scales for fp8 alone: those of " + stringifyCodeFormat(getFormat()) + " follow from the weight")
        .expect(getGiven().getType() == getScales().getType(), "expects a scale for every block to be given");
  return checks;
}

LogicalResult DequantizeWeightOp::verify() {
  RankedTensorType weight = getWeight().getType();
  return verifyCodes(*this, withoutEncoding(weight), getCodes().getType(), getScales().getType(), getFormat());
}
