//===- Products.cpp - what operations multiply --------------------------------------------------------------------===//
//
// Implements ProductOpInterface: the factors of every product, and the results that stay f32 in every precision;
// ContractionOpInterface: the forms of matrix products; and LengthOpInterface, of those whose work a run tells. Beside
// them, the conversions at the edges of kernels that are
// no products.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

SmallVector<unsigned> LinearOp::getFactors() {
  return llvm::to_vector(llvm::seq<unsigned>(0, getOperation()->getNumOperands()));
}
SmallVector<unsigned> MatmulOp::getFactors() { return {0, 1}; }
SmallVector<unsigned> HeadMatmulOp::getFactors() { return {0, 1}; }
SmallVector<unsigned> CountedMatmulOp::getFactors() { return {0, 1}; }
SmallVector<unsigned> GroupedMatmulOp::getFactors() { return {0, 1}; }
SmallVector<unsigned> GroupedOuterProductOp::getFactors() { return {0, 1}; }

bool LinearOp::takesEncoding(unsigned) { return true; }
bool MatmulOp::takesEncoding(unsigned) { return true; }
bool HeadMatmulOp::takesEncoding(unsigned operand) { return operand == 1; }
bool CountedMatmulOp::takesEncoding(unsigned operand) { return operand == 1; }
bool GroupedMatmulOp::takesEncoding(unsigned operand) { return operand < 2; }
bool LogitsOp::takesEncoding(unsigned operand) { return operand == 1; }
bool LinearOp::yieldsEncoding(unsigned) { return false; }
bool MatmulOp::yieldsEncoding(unsigned) { return false; }
bool HeadMatmulOp::yieldsEncoding(unsigned) { return false; }
bool CountedMatmulOp::yieldsEncoding(unsigned) { return false; }
bool GroupedMatmulOp::yieldsEncoding(unsigned) { return false; }
bool LogitsOp::yieldsEncoding(unsigned) { return false; }

SmallVector<unsigned> AttentionOp::getFactors() { return {0, 1, 2}; }
bool AttentionOp::mayNarrowResult(unsigned result) { return result == 0; }
// Caches keep the type that they have been written in.
SmallVector<unsigned> LatentAttentionOp::getFactors() { return {0, 1}; }
// All but the logarithms of the softmax denominators.
SmallVector<unsigned> AttentionGradientOp::getFactors() { return {0, 1, 2, 3, 5}; }

// The hidden state and the weight; the targets lie between them.
SmallVector<unsigned> CrossEntropyOp::getFactors() {
  return getWeights().empty() ? SmallVector<unsigned>{0} : SmallVector<unsigned>{0, 2};
}
bool CrossEntropyOp::mayNarrowResult(unsigned) { return false; }
SmallVector<unsigned> CrossEntropyGradientOp::getFactors() { return {0, 2}; }
bool CrossEntropyGradientOp::mayNarrowResult(unsigned result) { return result != 0; }
SmallVector<unsigned> LogProbabilitiesOp::getFactors() { return {0, 2}; }
bool LogProbabilitiesOp::mayNarrowResult(unsigned) { return false; }
SmallVector<unsigned> LogitsOp::getFactors() { return {0, 1}; }
bool LogitsOp::mayNarrowResult(unsigned) { return false; }

// Rows come from the experts' products and go to them, which are bf16 in a program of that precision. The weights of
// the choices and their gradients stay f32, as the router has them.
bool CombineRowsOp::widensOperand(unsigned operand) { return operand == 0; }
bool CombineRowsGradientOp::widensOperand(unsigned operand) { return operand == 0; }
bool CombineRowsGradientOp::roundsResult(unsigned result) { return result == 0; }
bool RMSNormWeightGradientOp::widensOperand(unsigned operand) { return operand < 2; }

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

/// Whether a form can be stated: every shape is closed.
static bool isClosed(Operation *op) {
  auto isClosedType = [](Type type) { return cast<RankedTensorType>(type).hasStaticShape(); };
  return llvm::all_of(op->getOperandTypes(), isClosedType) && llvm::all_of(op->getResultTypes(), isClosedType);
}

/// A product of plain matrices, summed in f32, whose result has rows of `columns` elements.
static ContractionForm plainProduct(Operation *op, int64_t rows, int64_t columns, int64_t depth) {
  ContractionForm form;
  form.rows = rows;
  form.columns = columns;
  form.depth = depth;
  form.sum = Float32Type::get(op->getContext());
  form.resultRowStride = columns;
  return form;
}

static int64_t rowsOf(RankedTensorType type) { return countElements(leading(type)); }

std::optional<ContractionForm> LinearOp::getContraction() {
  if (getWeights().size() != 1 || !isClosed(*this))
    return std::nullopt;
  RankedTensorType input = getInput().getType();
  ContractionForm form = plainProduct(*this, rowsOf(input), channels(getType()), channels(input));
  form.lhs = ContractionFactor::matrix(0, channels(input));
  form.rhs = ContractionFactor::matrix(1, channels(input));
  return form;
}

std::optional<ContractionForm> MatmulOp::getContraction() {
  if (!isClosed(*this))
    return std::nullopt;
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  int64_t rows = getTransposeLhs() ? channels(lhs) : rowsOf(lhs);
  int64_t depth = getTransposeLhs() ? rowsOf(lhs) : channels(lhs);
  ContractionForm form = plainProduct(*this, rows, getTransposeRhs() ? rowsOf(rhs) : channels(rhs), depth);
  form.lhs = ContractionFactor::matrix(0, channels(lhs), /*transposed=*/getTransposeLhs());
  // The right-hand side is read along its rows when it is not transposed: its columns are those of the result.
  form.rhs = ContractionFactor::matrix(1, channels(rhs), /*transposed=*/!getTransposeRhs());
  return form;
}

std::optional<ContractionForm> HeadMatmulOp::getContraction() {
  if (!isClosed(*this))
    return std::nullopt;
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  int64_t heads = getHeads(), in = channels(lhs) / heads, out = channels(getType()) / heads, width = channels(rhs);
  ContractionForm form = plainProduct(*this, rowsOf(lhs), out, getTransposeRhs() ? in : int64_t(getCount()));
  form.batches = heads;
  form.lhs = ContractionFactor::matrix(0, heads * in, /*transposed=*/false, /*batchStride=*/in);
  form.rhs = ContractionFactor::matrix(1, width, /*transposed=*/!getTransposeRhs(),
                                       /*batchStride=*/firstLength(rhs) / heads * width);
  form.rhs.start = int64_t(getFirst()) * width;
  form.resultBatchStride = out;
  form.resultRowStride = heads * out;
  return form;
}

std::optional<ContractionForm> CountedMatmulOp::getContraction() {
  if (!isClosed(*this))
    return std::nullopt;
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType(), result = getType();
  int64_t rows = lhs.getDimSize(1);
  ContractionForm form = plainProduct(*this, rows, channels(result), channels(lhs));
  form.batches = lhs.getDimSize(0);
  form.rowCounts = 2;
  form.lhs = ContractionFactor::matrix(0, channels(lhs), /*transposed=*/false, /*batchStride=*/rows * channels(lhs));
  form.rhs = ContractionFactor::matrix(1, channels(rhs), /*transposed=*/!getTransposeRhs());
  form.resultBatchStride = rows * channels(result);
  return form;
}

std::optional<ContractionForm> GroupedMatmulOp::getContraction() {
  if (!isClosed(*this))
    return std::nullopt;
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  ContractionForm form = plainProduct(*this, rowsOf(lhs), channels(getType()), channels(lhs));
  form.batches = rhs.getDimSize(0);
  form.grouping = ContractionGrouping::Rows;
  form.offsets = 2;
  form.lhs = ContractionFactor::matrix(0, channels(lhs));
  form.rhs = ContractionFactor::matrix(1, channels(rhs), /*transposed=*/!getTransposeRhs(),
                                       /*batchStride=*/rhs.getDimSize(1) * rhs.getDimSize(2));
  return form;
}

std::optional<ContractionForm> GroupedOuterProductOp::getContraction() {
  if (!isClosed(*this))
    return std::nullopt;
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  ContractionForm form = plainProduct(*this, channels(lhs), channels(rhs), rowsOf(lhs));
  form.batches = getType().getDimSize(0);
  form.grouping = ContractionGrouping::Depth;
  form.offsets = 2;
  form.lhs = ContractionFactor::matrix(0, channels(lhs), /*transposed=*/true);
  form.rhs = ContractionFactor::matrix(1, channels(rhs), /*transposed=*/true);
  form.resultBatchStride = form.rows * form.columns;
  return form;
}

std::optional<ContractionForm> ScaledLinearOp::getContraction() {
  if (!isClosed(*this))
    return std::nullopt;
  RankedTensorType input = getInput().getType();
  ContractionForm form = plainProduct(*this, rowsOf(input), channels(getType()), channels(input));
  form.lhs = ContractionFactor::matrix(0, channels(input));
  form.lhs.scales = BlockScales{1, getInputBlock().getRows(), getInputBlock().getColumns()};
  form.rhs = ContractionFactor::matrix(2, channels(input));
  form.rhs.scales = BlockScales{3, getWeightBlock().getRows(), getWeightBlock().getColumns()};
  return form;
}

//===----------------------------------------------------------------------===//
// Work by length
//===----------------------------------------------------------------------===//

int64_t AttentionOp::getMostLength() { return getKeyLengths() ? getKeyValue().getType().getDimSize(1) : 0; }
double AttentionOp::countMultiplyAdds(int64_t length) {
  RankedTensorType query = getQuery().getType();
  int64_t channels = query.getDimSize(2) + int64_t(getHeads() * getValue());
  return double(rowsOf(query) * channels) * double(length);
}

int64_t LatentAttentionOp::getMostLength() {
  return channels(getPages().getType()) * getLatents().getType().getDimSize(1);
}
double LatentAttentionOp::countMultiplyAdds(int64_t length) {
  int64_t rank = channels(getLatents().getType()), rope = channels(getRotaryKeys().getType());
  return double(rowsOf(getAbsorbed().getType()) * int64_t(getHeads()) * (2 * rank + rope)) * double(length);
}

int64_t CountedMatmulOp::getMostLength() { return getLhs().getType().getDimSize(1); }
double CountedMatmulOp::countMultiplyAdds(int64_t length) {
  RankedTensorType rhs = getRhs().getType();
  return double(firstLength(getLhs().getType()) * rowsOf(rhs) * channels(rhs)) * double(length);
}
