//===- LinearEvaluation.cpp - what embeddings, linear layers and channel views mean -------------------------------===//
//
// Reference evaluations, in float64, of the operations of LinearOps.td. `compute` (the type in which a kernel forms its
// products) is a matter of precision and has no effect here.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

LogicalResult EmbeddingOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &tokens = operands[0], &table = operands[1];
  if (failed(checkIndices(*this, tokens, table.rows(), "token")))
    return failure();
  results.push_back(reference::embedding(tokens, table));
  return success();
}

LogicalResult EmbeddingGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &tokens = operands[0], &gradient = operands[1];
  Tensor result(getType().getShape());
  if (failed(checkIndices(*this, tokens, result.rows(), "token")))
    return failure();
  for (int64_t t = 0; t < tokens.size(); ++t)
    for (int64_t c = 0; c < gradient.columns(); ++c)
      result.at(int64_t(tokens.data[t]), c) += gradient.at(t, c);
  results.push_back(std::move(result));
  return success();
}

LogicalResult LinearOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  results.push_back(reference::linear(operands[0], operands[1]));
  return success();
}

LogicalResult MatmulOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &lhs = operands[0], &rhs = operands[1];
  Tensor weight = getTransposeRhs() ? rhs : transposed(rhs);
  results.push_back(linear(getTransposeLhs() ? transposed(lhs) : lhs, weight));
  return success();
}

LogicalResult HeadMatmulOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &lhs = operands[0], &rhs = operands[1];
  int64_t heads = getHeads(), in = lhs.columns() / heads, rows = rhs.shape[0] / heads, first = getFirst();
  int64_t count = getCount(), out = getTransposeRhs() ? count : rhs.columns();
  Tensor result(withColumns(lhs, heads * out));
  for (int64_t r = 0; r < lhs.rows(); ++r)
    for (int64_t h = 0; h < heads; ++h) {
      ArrayRef<double> x = row(lhs, r).slice(h * in, in);
      MutableArrayRef<double> y = row(result, r).slice(h * out, out);
      for (int64_t i = 0; i < count; ++i) {
        ArrayRef<double> weights = row(rhs, h * rows + first + i);
        if (getTransposeRhs())
          y[i] = dot(x, weights);
        else
          accumulate(y, x[i], weights);
      }
    }
  results.push_back(std::move(result));
  return success();
}

LogicalResult CountedMatmulOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &lhs = operands[0], &rhs = operands[1], &counts = operands[2];
  Tensor result = linear(lhs, getTransposeRhs() ? rhs : transposed(rhs));
  for (int64_t r = 0; r < result.rows(); ++r)
    if (double(r % lhs.shape[1]) >= counts.data[r / lhs.shape[1]])
      llvm::fill(row(result, r), NAN);
  results.push_back(std::move(result));
  return success();
}

LogicalResult SwiGLUOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor result(operands[0].shape);
  for (int64_t i = 0; i < result.size(); ++i)
    result.data[i] = silu(operands[0].data[i]) * operands[1].data[i];
  results.push_back(std::move(result));
  return success();
}

LogicalResult SwiGLUGradientOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  Tensor gateGradient(operands[0].shape), upGradient(operands[0].shape);
  for (int64_t i = 0; i < gateGradient.size(); ++i) {
    double gate = operands[0].data[i], up = operands[1].data[i], gradient = operands[2].data[i];
    double s = sigmoid(gate);
    gateGradient.data[i] = gradient * up * s * (1.0 + gate * (1.0 - s));
    upGradient.data[i] = gradient * gate * s;
  }
  results.push_back(std::move(gateGradient));
  results.push_back(std::move(upGradient));
  return success();
}

LogicalResult GatedMLPOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  results.push_back(gatedMLP(operands[0], operands[1], operands[2], operands[3]));
  return success();
}

LogicalResult SplitOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &input = operands[0];
  int64_t begin = 0;
  for (Type type : getParts().getTypes()) {
    int64_t columns = cast<RankedTensorType>(type).getShape().back();
    Tensor part(withColumns(input, columns));
    for (int64_t r = 0; r < input.rows(); ++r)
      for (int64_t c = 0; c < columns; ++c)
        part.at(r, c) = input.at(r, begin + c);
    results.push_back(std::move(part));
    begin += columns;
  }
  return success();
}

LogicalResult ConcatOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  int64_t columns = 0;
  for (const Tensor &part : operands)
    columns += part.columns();
  Tensor result(withColumns(operands[0], columns));
  int64_t begin = 0;
  for (const Tensor &part : operands) {
    for (int64_t r = 0; r < part.rows(); ++r)
      for (int64_t c = 0; c < part.columns(); ++c)
        result.at(r, begin + c) = part.at(r, c);
    begin += part.columns();
  }
  results.push_back(std::move(result));
  return success();
}
