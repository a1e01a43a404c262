//===- MainLoss.cpp - what programs that only read a model keep of it ---------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Programs/MainLoss.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "passes/Transforms/Requirements.h"

using namespace mlir;
using namespace hadal;

LogicalResult hadal::requireForward(func::FuncOp forward) {
  if (failed(requireStraightLine(forward)) || failed(requireBoundParameters(forward)) ||
      failed(requireClosedShapes(forward)) || failed(requireSymbols(forward)))
    return failure();
  for (unsigned index = 0; index < forward.getNumResults(); ++index)
    if (!getResultName(forward, index))
      return forward.emitError("@forward has a result #") << index << " without " << resultAttrName;
  return success();
}

FailureOr<TokenLossOpInterface> hadal::findTokenLoss(Value mainLoss, KnownProgram program) {
  StringRef name = stringifyKnownProgram(program);
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
                                                      "which one scores them? '")
                                        << name << "' needs exactly one";
        diagnostic.attachNote(found->getLoc()) << "the other one";
        return diagnostic;
      }
      found = loss;
    }
  if (!found)
    return emitError(mainLoss.getLoc(), "the main loss depends on no loss of tokens, such as hadal.cross_entropy: '")
           << name << "' has nothing to score";
  return found;
}

void hadal::eraseUnreadParameters(ModuleOp module) {
  DenseSet<StringAttr> read;
  for (auto entry : module.getOps<func::FuncOp>())
    for (unsigned index = 0; index < entry.getNumArguments(); ++index)
      if (FlatSymbolRefAttr name = getRoleSymbol(entry, index, ArgumentRole::Parameter))
        read.insert(name.getAttr());
  SmallVector<Attribute> unread;
  for (auto parameter : llvm::make_early_inc_range(module.getOps<ParameterOp>())) {
    if (read.contains(parameter.getSymNameAttr()))
      continue;
    unread.push_back(parameter.getSymNameAttr());
    if (std::optional<ArrayAttr> aliases = parameter.getAliases())
      unread.append(aliases->begin(), aliases->end());
    parameter.erase();
  }
  if (!unread.empty())
    module->setAttr(unreadParametersAttrName, ArrayAttr::get(module.getContext(), unread));
}
