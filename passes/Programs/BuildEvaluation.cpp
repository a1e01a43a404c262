//===- BuildEvaluation.cpp - from the losses of a model to the scores of tokens -----------------------------------===//
//
// Implements hadal-build-evaluation. The main loss of @forward depends on one operation that is a loss of tokens
// (TokenLossOpInterface): it is asked for its form in a program that scores tokens, which takes its place. @evaluate
// yields what that form says of each token, and the main loss. Whatever nothing of this needs goes: operations,
// arguments, and the parameters of layers that only served further losses, whose names are kept on the module, since
// files hold them.
//
// The window of tokens stays as long as it is in training, so that both programs read the same samples.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/Builders.h"
#include "passes/Transforms/EntryPoint.h"
#include "passes/Transforms/Requirements.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_BUILDEVALUATION
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {
struct BuildEvaluation : hadal::impl::BuildEvaluationBase<BuildEvaluation> {
  using BuildEvaluationBase::BuildEvaluationBase;

  /// @forward as hadal-bind-parameters leaves it, and the name that it gets.
  LogicalResult checkInput(func::FuncOp forward) {
    if (failed(requireStraightLine(forward)) || failed(requireBoundParameters(forward)) ||
        failed(requireClosedShapes(forward)) || failed(requireSymbols(forward)) ||
        failed(requireFreeName(getOperation(), stringifyEntryRole(EntryRole::Evaluate))))
      return failure();
    for (unsigned index = 0; index < forward.getNumResults(); ++index)
      if (!getResultName(forward, index))
        return forward.emitError("@forward has a result #") << index << " without " << resultAttrName;
    return success();
  }

  /// The one loss of tokens that the main loss depends on.
  FailureOr<TokenLossOpInterface> findTokenLoss(Value mainLoss) {
    SetVector<Operation *> needed;
    BackwardSliceOptions options;
    options.inclusive = true;
    if (failed(getBackwardSlice(mainLoss, &needed, options)))
      return failure();
    TokenLossOpInterface found;
    for (Operation *op : needed)
      if (auto loss = dyn_cast<TokenLossOpInterface>(op)) {
        if (found) {
          InFlightDiagnostic diagnostic = op->emitError("is a second loss of tokens that the main loss depends on: "
                                                        "which one scores them? 'evaluate' needs exactly one");
          diagnostic.attachNote(found->getLoc()) << "the other one";
          return diagnostic;
        }
        found = loss;
      }
    if (!found)
      return emitError(mainLoss.getLoc(), "the main loss depends on no loss of tokens, such as hadal.cross_entropy: "
                                          "'evaluate' has nothing to score");
    return found;
  }

  /// Parameters that no argument names go; their names stay for the loader of weights.
  void eraseUnreadParameters(func::FuncOp evaluate) {
    DenseSet<StringAttr> read;
    for (unsigned index = 0; index < evaluate.getNumArguments(); ++index)
      if (FlatSymbolRefAttr name = getRoleSymbol(evaluate, index, ArgumentRole::Parameter))
        read.insert(name.getAttr());
    SmallVector<Attribute> unread;
    for (auto parameter : llvm::make_early_inc_range(getOperation().getOps<ParameterOp>())) {
      if (read.contains(parameter.getSymNameAttr()))
        continue;
      unread.push_back(parameter.getSymNameAttr());
      if (std::optional<ArrayAttr> aliases = parameter.getAliases())
        unread.append(aliases->begin(), aliases->end());
      parameter.erase();
    }
    if (!unread.empty())
      getOperation()->setAttr(unreadParametersAttrName, ArrayAttr::get(&getContext(), unread));
  }

  LogicalResult build(func::FuncOp forward) {
    EntryPoint evaluate(forward);
    Value mainLoss = evaluate.findResult(results::mainLoss);
    auto leave = [&](LogicalResult result) {
      evaluate.finish();
      return result;
    };
    if (!mainLoss)
      return leave(forward.emitError("@forward has no result '")
                   << results::mainLoss << "': run hadal-bind-parameters on a model");
    FailureOr<TokenLossOpInterface> loss = findTokenLoss(mainLoss);
    if (failed(loss))
      return leave(failure());
    OpBuilder builder(*loss);
    TokenScores scores = loss->buildScores(builder);
    scores.loss.getDefiningOp()->setDiscardableAttrs((*loss)->getDiscardableAttrDictionary());
    evaluate.keepResult(results::mainLoss);
    evaluate.replaceResults((*loss)->getResult(0), scores.loss);
    (*loss)->getResult(0).replaceAllUsesWith(scores.loss);
    evaluate.addResult(results::logProbabilities, scores.logProbabilities);
    evaluate.eraseWhatNoResultNeeds();
    evaluate.finish();
    forward.setName(stringifyEntryRole(EntryRole::Evaluate));
    eraseUnreadParameters(forward);
    return success();
  }

  void runOnOperation() override {
    func::FuncOp forward = findEntry(getOperation(), EntryRole::Forward);
    if (!forward) {
      getOperation().emitError("holds no function @forward: run hadal-bind-parameters first");
      return signalPassFailure();
    }
    if (failed(checkInput(forward)) || failed(build(forward)))
      signalPassFailure();
  }
};
} // namespace
