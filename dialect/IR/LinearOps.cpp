//===- LinearOps.cpp - embedding, linear layers, views along channels ---------------------------------------------===//
//
// Parameters and checks of the family's operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<ParameterSlot> EmbeddingOp::getParameterSlots() {
  auto type = RankedTensorType::get({int64_t(getVocabulary()), channels(getType())}, getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Normal}};
}

SmallVector<ParameterSlot> LinearOp::getParameterSlots() {
  RankedTensorType input = getInput().getType();
  auto type = RankedTensorType::get({channels(getType()), channels(input)}, input.getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Normal}};
}

SmallVector<ParameterSlot> GatedMLPOp::getParameterSlots() {
  int64_t channels = hadal::channels(getType()), width = getWidth();
  std::string prefix = getParameterName(*this, 0);
  auto type = [&](int64_t out, int64_t in) { return RankedTensorType::get({out, in}, getType().getElementType()); };
  return {{prefix + ".gate_proj.weight", type(width, channels), Initializer::Normal},
          {prefix + ".up_proj.weight", type(width, channels), Initializer::Normal},
          {prefix + ".down_proj.weight", type(channels, width), Initializer::Normal}};
}

LogicalResult EmbeddingOp::verify() {
  RankedTensorType tokens = getTokens().getType(), result = getType();
  SmallVector<int64_t> expected(tokens.getShape());
  expected.push_back(channels(result));
  return Checks(*this)
      .length("vocabulary", getVocabulary())
      .rows("the result", result)
      .shape("the result", result, expected, "the tokens' shape × channels");
}

LogicalResult EmbeddingGradientOp::verify() {
  RankedTensorType gradient = getGradient().getType(), result = getType();
  SmallVector<int64_t> expected(getTokens().getType().getShape());
  expected.push_back(channels(gradient));
  return Checks(*this)
      .rows("the gradient", gradient)
      .shape("the gradient", gradient, expected, "the tokens' shape × channels")
      .rank("the result", result, 2, "vocabulary × channels")
      .shape("the result", result, {firstLength(result), channels(gradient)}, "vocabulary × channels")
      .sameElementType({gradient, result});
}

LogicalResult LinearOp::verify() {
  RankedTensorType input = getInput().getType(), result = getType();
  return Checks(*this)
      .rows("the input", input)
      .rows("the result", result)
      .shape("the result", result, withChannels(input, channels(result)), "the input's rows × output channels")
      .productTypes(input, result)
      .computeType(getCompute());
}

/// The two sides of a product as matrices: all but the last dimension are rows, before transposition.
static std::pair<int64_t, int64_t> matrixSides(RankedTensorType type, bool transpose) {
  int64_t rows = countElements(leading(type)), columns = channels(type);
  return transpose ? std::pair(columns, rows) : std::pair(rows, columns);
}

LogicalResult MatmulOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType(), result = getType();
  auto [rows, inner] = matrixSides(lhs, getTransposeLhs());
  auto [otherInner, columns] = matrixSides(rhs, getTransposeRhs());
  SmallVector<int64_t> expected = getTransposeLhs() ? SmallVector<int64_t>{rows, columns} : withChannels(lhs, columns);
  return Checks(*this)
      .rows("the left-hand side", lhs)
      .rows("the right-hand side", rhs)
      .expect(compatible(inner, otherInner), "expects both sides to agree in the dimension that is summed, got " +
                                                 Twine(inner) + " on the left and " + Twine(otherInner) +
                                                 " on the right: check transpose_lhs and transpose_rhs")
      .shape("the result", result, expected, "rows × columns of the product")
      .productTypes({lhs, rhs}, result)
      .computeType(getCompute());
}

LogicalResult HeadMatmulOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType(), result = getType();
  int64_t heads = getHeads(), first = getFirst(), count = getCount();
  if (failed(Checks(*this)
                 .rows("the left-hand side", lhs)
                 .rank("the right-hand side", rhs, 2, "heads·rows × columns")
                 .length("heads", heads)
                 .length("count", count)
                 .range("first", first, 0, mostLength, "the first row and the most that there can be")))
    return failure();
  int64_t in = channels(lhs) / heads, rows = firstLength(rhs), width = channels(rhs);
  Checks checks(*this);
  checks.expect(channels(lhs) % heads == 0,
                "cannot cut " + Twine(channels(lhs)) + " channels into " + Twine(heads) + " equal heads");
  if (!ShapedType::isDynamic(rows))
    checks.expect(rows % heads == 0 && first + count <= rows / heads,
                  "expects " + Twine(heads) + " matrices of at least " + Twine(first + count) + " rows, got " +
                      Twine(rows) + " rows in all");
  if (getTransposeRhs())
    checks.expect(compatible(in, width), "expects heads of as many channels as the right-hand side has columns, got " +
                                             Twine(in) + " and " + Twine(width));
  else
    checks.expect(in >= count, "expects heads of at least " + Twine(count) + " channels, got " + Twine(in));
  int64_t out = getTransposeRhs() ? count : width;
  return checks
      .shape("the result", result, withChannels(lhs, ShapedType::isDynamic(out) ? out : heads * out),
             "the left-hand side's rows × the heads' channels")
      .productTypes({lhs, rhs}, result)
      .computeType(getCompute());
}

LogicalResult CountedMatmulOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType(), result = getType();
  if (failed(Checks(*this)
                 .rank("the left-hand side", lhs, 3, "sequence × rows × depth")
                 .rows("the left-hand side", lhs)
                 .rank("the right-hand side", rhs, 2, "depth × columns, or with transpose_rhs columns × depth")))
    return failure();
  int64_t depth = getTransposeRhs() ? channels(rhs) : firstLength(rhs);
  int64_t columns = getTransposeRhs() ? firstLength(rhs) : channels(rhs);
  return Checks(*this)
      .expect(compatible(channels(lhs), depth), "expects both sides to agree in the dimension that is summed, got " +
                                                    Twine(channels(lhs)) + " on the left and " + Twine(depth) +
                                                    " on the right: check transpose_rhs")
      .shape("the numbers of rows", getCounts().getType(), {lhs.getDimSize(0)}, "sequence")
      .shape("the result", result, withChannels(lhs, columns), "the left-hand side's rows × columns")
      .productTypes({lhs, rhs}, result)
      .computeType(getCompute());
}

LogicalResult GatedMLPOp::verify() { return Checks(*this).rows("the input", getType()).length("width", getWidth()); }

/// The parts along the last dimension make up the whole.
static LogicalResult verifyParts(Operation *op, RankedTensorType whole, TypeRange parts) {
  Checks checks(op);
  checks.expect(!parts.empty(), "expects at least one part").rows("the whole", whole);
  int64_t sum = 0;
  for (Type type : parts) {
    auto part = cast<RankedTensorType>(type);
    checks.shape("a part", part, withChannels(whole, channels(part)), "the whole's rows × channels of the part")
        .rows("a part", part)
        .sameElementType({whole, part});
    sum = addLengths(sum, channels(part));
  }
  return checks.expect(compatible(sum, channels(whole)),
                       "expects the parts' channels to add up to " + Twine(channels(whole)) + ", got " + Twine(sum));
}

LogicalResult SplitOp::verify() { return verifyParts(*this, getInput().getType(), getParts().getTypes()); }

LogicalResult ConcatOp::verify() { return verifyParts(*this, getType(), getParts().getTypes()); }

// One part is the whole; the parts of what was joined are what went in.
LogicalResult SplitOp::fold(FoldAdaptor, SmallVectorImpl<OpFoldResult> &results) {
  if (getNumResults() == 1 && getInput().getType() == getResultTypes().front()) {
    results.push_back(getInput());
    return success();
  }
  auto joined = getInput().getDefiningOp<ConcatOp>();
  if (!joined || joined.getParts().getTypes() != getParts().getTypes())
    return failure();
  llvm::append_range(results, joined.getParts());
  return success();
}

// One part is the whole; all parts of one value, in order, are that value.
OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getParts().size() == 1 && getParts().front().getType() == getType())
    return getParts().front();
  auto cut = getParts().front().getDefiningOp<SplitOp>();
  return cut && cut.getInput().getType() == getType() && llvm::equal(cut.getParts(), getParts())
             ? OpFoldResult(cut.getInput())
             : OpFoldResult();
}
