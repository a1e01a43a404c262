//===- LossGradients.cpp - gradient of the head with its cross entropy --------------------------------------------===//
//
// The gradient operation forms the loss as well, in the same pass over the logits; a canonicalization then lets the
// forward loss come from it, so that the logits are formed once.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> CrossEntropyOp::buildGradient(OpBuilder &builder, ValueRange gradients) {
  Value hidden = getHidden(), weight = getWeights().front();
  auto op = CrossEntropyGradientOp::create(builder, getLoc(), getType(), hidden.getType(), weight.getType(), hidden,
                                           getTargets(), weight, gradients[0]);
  return {op.getHiddenGradient(), Value(), op.getWeightGradient()};
}

/// The gradient operation of the same head, hidden state and targets in the same block; null when there is none.
static CrossEntropyGradientOp findGradient(CrossEntropyOp op) {
  for (Operation *user : op.getHidden().getUsers()) {
    auto gradient = dyn_cast<CrossEntropyGradientOp>(user);
    if (gradient && gradient->getBlock() == op->getBlock() && gradient.getHidden() == op.getHidden() &&
        gradient.getTargets() == op.getTargets() && gradient.getWeight() == op.getWeights().front())
      return gradient;
  }
  return {};
}

/// Collects the operations before `end` that depend on `value`, in block order. A loss goes into a few scalar sums;
/// fails when something else depends on it, or `end` itself.
static LogicalResult collectScalarUsers(Value value, Operation *end, SmallVectorImpl<Operation *> &users) {
  constexpr size_t limit = 64;
  llvm::SetVector<Operation *> found;
  SmallVector<Value> pending = {value};
  while (!pending.empty())
    for (Operation *user : pending.pop_back_val().getUsers()) {
      if (user == end || user->getBlock() != end->getBlock())
        return failure();
      if (end->isBeforeInBlock(user) || !found.insert(user))
        continue;
      bool scalar = isMemoryEffectFree(user) && user->getNumRegions() == 0 && user->getNumResults() == 1 &&
                    user->getResult(0).getType() == value.getType();
      if (!scalar || found.size() > limit)
        return failure();
      pending.push_back(user->getResult(0));
    }
  users = found.takeVector();
  llvm::sort(users, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return success();
}

namespace {
/// Lets the loss come from the gradient operation of the same head. That one stands later, in the backward pass, and
/// stays there, so that the gradients it yields live no longer than needed; the scalar sums that read the loss
/// move behind it instead.
struct UseLossOfGradient : OpRewritePattern<CrossEntropyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CrossEntropyOp op, PatternRewriter &rewriter) const override {
    if (op.getWeights().empty())
      return rewriter.notifyMatchFailure(op, "parameters are not bound");
    CrossEntropyGradientOp gradient = findGradient(op);
    if (!gradient)
      return rewriter.notifyMatchFailure(op, "no gradient of the same head in this block");
    SmallVector<Operation *> users;
    if (failed(collectScalarUsers(op.getResult(), gradient, users)))
      return rewriter.notifyMatchFailure(op, "what reads the loss cannot move behind the gradient");
    Operation *last = gradient;
    for (Operation *user : users) {
      rewriter.moveOpAfter(user, last);
      last = user;
    }
    rewriter.replaceOp(op, gradient.getLoss());
    return success();
  }
};
} // namespace

void CrossEntropyOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<UseLossOfGradient>(context);
}
