//===- StatedProduct.cpp - a product that is what its attributes state --------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "test/codegen/Anatomy/StatedProduct.h"
#include "dialect/Reference/Tensor.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::trial;
using hadal::reference::Tensor;

TrialDialect::TrialDialect(MLIRContext *context)
    : Dialect(getDialectNamespace(), context, TypeID::get<TrialDialect>()) {
  addOperations<ProductOp>();
}

std::optional<ContractionForm> ProductOp::getContraction() {
  if ((*this)->hasAttr("silent"))
    return std::nullopt;
  auto numbers = [&](StringRef name) { return (*this)->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef(); };
  auto factor = [&](unsigned operand, StringRef name) {
    ArrayRef<int64_t> strides = numbers(name);
    ContractionFactor result;
    result.operand = operand;
    result.batchStride = strides[0];
    result.rowStride = strides[1];
    result.depthStride = strides[2];
    result.transposed = strides[2] != 1;
    return result;
  };
  ContractionForm form;
  ArrayRef<int64_t> extents = numbers("extents"), result = numbers("result");
  form.batches = extents[0];
  form.rows = extents[1];
  form.columns = extents[2];
  form.depth = extents[3];
  form.lhs = factor(0, "lhs");
  form.rhs = factor(1, "rhs");
  if ((*this)->hasAttr("scaled"))
    form.lhs.scales = BlockScales{2, 1, 128};
  if (auto grouped = (*this)->getAttrOfType<StringAttr>("grouped")) {
    form.grouping = grouped.getValue() == "rows" ? ContractionGrouping::Rows : ContractionGrouping::Depth;
    form.offsets = 2;
  }
  form.sum = Float32Type::get(getContext());
  form.resultBatchStride = result[0];
  form.resultRowStride = result[1];
  return form;
}

/// The definition, for products without groups.
LogicalResult ProductOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  ContractionForm form = *getContraction();
  Tensor result(cast<RankedTensorType>((*this)->getResult(0).getType()).getShape());
  for (int64_t b = 0; b < form.batches; ++b)
    for (int64_t i = 0; i < form.rows; ++i)
      for (int64_t j = 0; j < form.columns; ++j) {
        double sum = 0.0;
        for (int64_t d = 0; d < form.depth; ++d)
          sum += operands[0].data[b * form.lhs.batchStride + i * form.lhs.rowStride + d * form.lhs.depthStride] *
                 operands[1].data[b * form.rhs.batchStride + j * form.rhs.rowStride + d * form.rhs.depthStride];
        result.data[b * form.resultBatchStride + i * form.resultRowStride + j] = sum;
      }
  results.push_back(std::move(result));
  return success();
}
