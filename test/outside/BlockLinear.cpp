//===- BlockLinear.cpp - a linear layer of blocks -----------------------------------------------------------------===//
//
// A product whose weight has a dimension more than any of the compiler's: its parameter, its meaning in float64, its
// gradients, and what it multiplies, from which the strategies of both targets make kernels.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/Reference/Tensor.h"
#include "test/outside/Outside.h"

using namespace mlir;
using namespace hadal;
using namespace outside;
using hadal::reference::Tensor;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

SmallVector<ParameterSlot> BlockLinearOp::getParameterSlots() {
  int64_t heads = std::max<int64_t>(1, getHeads()); // asked before it is verified
  auto type = RankedTensorType::get({heads, channels(getType()) / heads, channels(getInput().getType()) / heads},
                                    getInput().getType().getElementType());
  return {{getParameterName(*this, 0), type, Initializer::Normal}};
}

/// Rows of heads · in and of heads · out columns, for a weight [heads, out, in].
static Checks checkBlocks(Operation *op, RankedTensorType in, RankedTensorType out, ArrayRef<int64_t> weight) {
  Checks checks(op);
  checks.rows("the narrow side", in).rows("the wide side", out);
  return checks.expect(leading(in) == leading(out), "expects as many rows on both sides")
      .expect(weight[0] > 0 && channels(in) == weight[0] * weight[2] && channels(out) == weight[0] * weight[1],
              "expects rows of heads of equal width and a weight of heads × out × in, got " + Twine(channels(in)) +
                  " and " + Twine(channels(out)) + " columns for " + shapeText(weight));
}

LogicalResult BlockLinearOp::verify() {
  RankedTensorType in = getInput().getType(), out = getType();
  int64_t heads = getHeads();
  if (heads < 1 || channels(in) % heads != 0 || channels(out) % heads != 0)
    return emitOpError("expects `heads` to divide ") << channels(in) << " and " << channels(out) << ", got " << heads;
  return checkBlocks(*this, in, out, {heads, channels(out) / heads, channels(in) / heads})
      .productTypes(in, out)
      .computeType(getCompute());
}

LogicalResult BlockMatmulOp::verify() {
  RankedTensorType weight = getWeight().getType();
  if (weight.getRank() != 3)
    return emitOpError("expects a weight of heads × out × in, got ") << weight;
  return checkBlocks(*this, getType(), getGradient().getType(), weight.getShape())
      .productTypes({getGradient().getType(), weight}, getType())
      .computeType(getCompute());
}

LogicalResult BlockOuterProductOp::verify() {
  if (getType().getRank() != 3)
    return emitOpError("yields a weight of heads × out × in, got ") << getType();
  return checkBlocks(*this, getInput().getType(), getGradient().getType(), getType().getShape())
      .productTypes({getGradient().getType(), getInput().getType()}, getType())
      .computeType(getCompute());
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

/// Calls `body` for every multiplication: the element of a row of heads · in, that of one of heads · out, and that of
/// the weight.
static void forEachProduct(int64_t rows, ArrayRef<int64_t> weight,
                           function_ref<void(int64_t in, int64_t out, int64_t element)> body) {
  int64_t heads = weight[0], out = weight[1], in = weight[2];
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t o = 0; o < out; ++o)
        for (int64_t i = 0; i < in; ++i)
          body((r * heads + h) * in + i, (r * heads + h) * out + o, (h * out + o) * in + i);
}

LogicalResult BlockLinearOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &x = operands[0], &weight = operands[1];
  SmallVector<int64_t> shape(x.shape);
  shape.back() = weight.shape[0] * weight.shape[1];
  Tensor y(shape);
  forEachProduct(x.rows(), weight.shape,
                 [&](int64_t in, int64_t out, int64_t w) { y.data[out] += x.data[in] * weight.data[w]; });
  results.push_back(std::move(y));
  return success();
}

LogicalResult BlockMatmulOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &gradient = operands[0], &weight = operands[1];
  SmallVector<int64_t> shape(gradient.shape);
  shape.back() = weight.shape[0] * weight.shape[2];
  Tensor result(shape);
  forEachProduct(gradient.rows(), weight.shape,
                 [&](int64_t in, int64_t out, int64_t w) { result.data[in] += gradient.data[out] * weight.data[w]; });
  results.push_back(std::move(result));
  return success();
}

LogicalResult BlockOuterProductOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &gradient = operands[0], &x = operands[1];
  Tensor result(getType().getShape());
  forEachProduct(x.rows(), result.shape,
                 [&](int64_t in, int64_t out, int64_t w) { result.data[w] += gradient.data[out] * x.data[in]; });
  results.push_back(std::move(result));
  return success();
}

SmallVector<Value> BlockLinearOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Value weight = getWeights().front();
  return {BlockMatmulOp::create(builder, getLoc(), getInput().getType(), gradients[0], weight, getComputeAttr()),
          BlockOuterProductOp::create(builder, getLoc(), weight.getType(), gradients[0], getInput(), getComputeAttr())};
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

KernelKind BlockLinearOp::getKernelKind() { return KernelKind::Contraction; }
KernelKind BlockMatmulOp::getKernelKind() { return KernelKind::Contraction; }
KernelKind BlockOuterProductOp::getKernelKind() { return KernelKind::Contraction; }

SmallVector<unsigned> BlockLinearOp::getFactors() {
  return llvm::to_vector(llvm::seq<unsigned>(0, getOperation()->getNumOperands()));
}
SmallVector<unsigned> BlockMatmulOp::getFactors() { return {0, 1}; }
SmallVector<unsigned> BlockOuterProductOp::getFactors() { return {0, 1}; }

/// A product in every head of `rows` × `columns` results, summed in f32.
static ContractionForm headProducts(Operation *op, int64_t heads, int64_t rows, int64_t columns, int64_t depth) {
  ContractionForm form;
  form.batches = heads;
  form.rows = rows;
  form.columns = columns;
  form.depth = depth;
  form.sum = Float32Type::get(op->getContext());
  return form;
}

/// A head is a stretch of every row of x and of y, and a matrix of W.
std::optional<ContractionForm> BlockLinearOp::getContraction() {
  RankedTensorType x = getInput().getType();
  if (getWeights().size() != 1 || !x.hasStaticShape() || !getType().hasStaticShape())
    return std::nullopt; // the model's form: open shapes, a parameter by its name
  int64_t heads = getHeads(), in = channels(x) / heads, out = channels(getType()) / heads;
  ContractionForm form = headProducts(*this, heads, countElements(leading(x)), /*columns=*/out, /*depth=*/in);
  form.lhs = ContractionFactor::matrix(/*operand=*/0, heads * in, /*transposed=*/false, /*batchStride=*/in);
  form.rhs = ContractionFactor::matrix(/*operand=*/1, in, /*transposed=*/false, /*batchStride=*/out * in);
  form.resultBatchStride = out;
  form.resultRowStride = heads * out;
  return form;
}

/// The depth is `out`, along which neither the columns of W nor those of dx lie: W is transposed.
std::optional<ContractionForm> BlockMatmulOp::getContraction() {
  if (!getGradient().getType().hasStaticShape() || !getWeight().getType().hasStaticShape())
    return std::nullopt;
  ArrayRef<int64_t> weight = getWeight().getType().getShape();
  int64_t heads = weight[0], out = weight[1], in = weight[2];
  ContractionForm form = headProducts(*this, heads, countElements(leading(getType())), /*columns=*/in, /*depth=*/out);
  form.lhs = ContractionFactor::matrix(/*operand=*/0, heads * out, /*transposed=*/false, /*batchStride=*/out);
  form.rhs = ContractionFactor::matrix(/*operand=*/1, in, /*transposed=*/true, /*batchStride=*/out * in);
  form.resultBatchStride = in;
  form.resultRowStride = heads * in;
  return form;
}

/// The depth is all rows, so both factors are transposed.
std::optional<ContractionForm> BlockOuterProductOp::getContraction() {
  RankedTensorType gradient = getGradient().getType(), x = getInput().getType();
  if (!gradient.hasStaticShape() || !x.hasStaticShape())
    return std::nullopt;
  int64_t heads = getType().getDimSize(0), out = getType().getDimSize(1), in = getType().getDimSize(2);
  ContractionForm form = headProducts(*this, heads, /*rows=*/out, /*columns=*/in, countElements(leading(x)));
  form.lhs = ContractionFactor::matrix(/*operand=*/0, heads * out, /*transposed=*/true, /*batchStride=*/out);
  form.rhs = ContractionFactor::matrix(/*operand=*/1, heads * in, /*transposed=*/true, /*batchStride=*/in);
  form.resultBatchStride = out * in;
  form.resultRowStride = in;
  return form;
}
