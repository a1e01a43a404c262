//===- ModelEvaluation.cpp - what the token window and layers mean ------------------------------------------------===//
//
// Reference evaluations of hadal.tokens and hadal.layers.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Interfaces/Layers.h"
#include "dialect/Reference/Definitions.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

/// The sequence length T of a window of T + 1 + D tokens: how far D the losses look ahead is what the model's stacks
/// say.
static int64_t sequenceLength(TokensOp op, const Tensor &window) {
  if (!op.getType().isDynamicDim(1))
    return op.getType().getDimSize(1);
  auto model = op->getParentOfType<ModelOp>();
  return window.columns() - 1 - (model ? model.getTokensAhead() : 0);
}

LogicalResult TokensOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &window = operands[0];
  int64_t length = sequenceLength(*this, window);
  if (length < 1 || length + int64_t(getAhead()) > window.columns())
    return emitOpError() << "reads " << length << " tokens that lie " << getAhead() << " ahead in a window of "
                         << window.columns() << "; give a longer window";
  results.push_back(tokensAhead(window, getAhead(), length));
  return success();
}

LogicalResult LayersOp::evaluateLayers(LayerRunner &runner, ArrayRef<Tensor> operands,
                                       SmallVectorImpl<Tensor> &results) {
  Tensor hidden = operands[0];
  SmallVector<Tensor> losses(getLosses().size(), scalar(0.0));
  for (int64_t layer = getStart(); layer < int64_t(getEnd()); ++layer) {
    std::string name = getPrefix().str() + "." + std::to_string(layer);
    if (failed(runner.runLayer(*this, getFunctions(), name, hidden, losses)))
      return failure();
  }
  results.push_back(std::move(hidden));
  results.append(std::make_move_iterator(losses.begin()), std::make_move_iterator(losses.end()));
  return success();
}
