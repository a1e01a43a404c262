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
#include "mlir/IR/Builders.h"
#include "passes/Programs/MainLoss.h"
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
    FailureOr<TokenLossOpInterface> loss = findTokenLoss(mainLoss, KnownProgram::Evaluate);
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
    eraseUnreadParameters(getOperation());
    return success();
  }

  void runOnOperation() override {
    func::FuncOp forward = findEntry(getOperation(), EntryRole::Forward);
    if (!forward) {
      getOperation().emitError("holds no function @forward: run hadal-bind-parameters first");
      return signalPassFailure();
    }
    StringRef name = stringifyEntryRole(EntryRole::Evaluate);
    if (failed(requireForward(forward)) || failed(requireFreeName(getOperation(), name)) || failed(build(forward)))
      signalPassFailure();
  }
};
} // namespace
