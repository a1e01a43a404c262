//===- ModelEvaluation.cpp - what the token window means ----------------------------------------------------------===//
//
// Reference evaluation of hadal.tokens. The other operations of ModelOps.td call functions; the evaluator runs them
// (Evaluator.cpp).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Definitions.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

/// The sequence length T of a window of T + 1 + D tokens: the number of depths D is what the model's hadal.mtp says.
static int64_t sequenceLength(TokensOp op, const Tensor &window) {
  if (!op.getType().isDynamicDim(1))
    return op.getType().getDimSize(1);
  int64_t depths = 0;
  if (auto model = op->getParentOfType<ModelOp>())
    model.walk([&](MTPOp mtp) { depths += int64_t(mtp.getEnd()) - int64_t(mtp.getStart()); });
  return window.columns() - 1 - depths;
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
