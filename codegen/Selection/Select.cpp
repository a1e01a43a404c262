//===- Select.cpp - the choice among all strategies ---------------------------------------------------------------===//
//
// See the header. Only strategies of one order of sums compete: a predicted time depends on the number of rows, and a
// row's bits must not (docs/rationale/arithmetic.md).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/Select.h"
#include "codegen/Anatomy/KernelAnatomy.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;

/// Of a strategy of the kernel's kind that is not among those that serve it.
static std::string findReason(const KernelStrategy &strategy, const KernelAnatomy &anatomy,
                              ArrayRef<const KernelStrategy *> serving) {
  Refusals reasons;
  if (!strategy.serves(anatomy, reasons))
    return reasons.text();
  return "it adds products in another order than '" + serving.front()->getName().str() +
         "', and bits must not follow from predicted times";
}

/// Of equal ones the first; the others keep their order.
template <typename List, typename Seconds> static void putCheapestFirst(List &range, Seconds seconds) {
  auto cheapest = llvm::min_element(range, [&](const auto &a, const auto &b) { return seconds(a) < seconds(b); });
  if (cheapest != range.end())
    std::rotate(range.begin(), cheapest, std::next(cheapest));
}

SmallVector<Proposal> hadal::propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                     Refusals &refusals) {
  // A pass depends on it; tools select without one.
  anatomy.kernel().getContext()->getOrLoadDialect<choices::KernelDialect>();
  refusals.add(anatomy.refusals());
  SmallVector<const KernelStrategy *> serving = findStrategies(target, anatomy);
  SmallVector<Proposal> proposals, unable;
  for (const KernelStrategy *strategy : getStrategies(target, anatomy.kernel().getKind())) {
    Proposal proposal{strategy, {}, ""};
    Refusals reasons;
    if (llvm::is_contained(serving, strategy)) {
      proposal.candidates = strategy->propose(anatomy, target, reasons);
      putCheapestFirst(proposal.candidates, [](const Candidate &candidate) { return candidate.time.total; });
      proposal.reason = reasons.text();
      refusals.add(reasons);
    } else {
      proposal.reason = findReason(*strategy, anatomy, serving);
      (void)strategy->serves(anatomy, refusals);
    }
    if (!proposal.candidates.empty())
      proposals.push_back(std::move(proposal));
    else if (!proposal.reason.empty())
      unable.push_back(std::move(proposal));
  }
  putCheapestFirst(proposals, [](const Proposal &proposal) { return proposal.candidates.front().time.total; });
  llvm::append_range(proposals, unable);
  return proposals;
}

static void refuse(const KernelAnatomy &anatomy, const TargetDescription &target, const Refusals &refusals) {
  KernelOp kernel = anatomy.kernel();
  InFlightDiagnostic diagnostic = kernel.emitError("no strategy for ")
                                  << target.name() << " serves the kernel '" << kernel.getSymName() << "' of kind "
                                  << stringifyKernelKind(kernel.getKind())
                                  << ": leave out what it holds, or write it in other operations; what cannot be "
                                     "compiled can still be evaluated (hadal-opt --hadal-evaluate)";
  refusals.attachTo(diagnostic);
  if (refusals.empty())
    for (Operation &op : kernel.getBody().front().without_terminator())
      diagnostic.attachNote(op.getLoc()) << "it holds " << op.getName();
}

FailureOr<Selection> hadal::select(const KernelAnatomy &anatomy, const TargetDescription &target) {
  Refusals refusals;
  SmallVector<Proposal> proposals = propose(anatomy, target, refusals);
  if (proposals.empty() || proposals.front().candidates.empty()) {
    refuse(anatomy, target, refusals);
    return failure();
  }
  const Candidate best = proposals.front().candidates.front();
  FailureOr<KernelConfiguration> configuration =
      configure(*proposals.front().strategy, anatomy, target, best.choice, [&] {
        return anatomy.kernel().emitError("'") << proposals.front().strategy->getName() << "' proposed what is wrong: ";
      });
  if (failed(configuration))
    return failure();
  return Selection{std::move(*configuration), best.time, "", SmallVector<Proposal>(llvm::drop_begin(proposals))};
}

FailureOr<Selection> hadal::selectNamed(const KernelAnatomy &anatomy, const TargetDescription &target, StringRef name,
                                        ChoiceInterface choice, EmitError emitError) {
  SmallVector<const KernelStrategy *> serving = findStrategies(target, anatomy);
  auto found = llvm::find_if(serving, [&](const KernelStrategy *strategy) { return strategy->getName() == name; });
  if (found == serving.end()) {
    InFlightDiagnostic diagnostic = emitError()
                                    << "the strategy '" << name << "' is not for this kernel on " << target.name();
    for (const KernelStrategy *strategy : getStrategies(target, anatomy.kernel().getKind()))
      if (std::string reason = findReason(*strategy, anatomy, serving); strategy->getName() == name && !reason.empty())
        diagnostic << ": " << reason;
    auto names = llvm::map_range(serving, [](const KernelStrategy *strategy) { return strategy->getName(); });
    diagnostic << "; there is " << llvm::join(names, ", ");
    return failure();
  }
  FailureOr<KernelConfiguration> configuration = configure(**found, anatomy, target, choice, emitError);
  if (failed(configuration))
    return failure();
  Selection selection{std::move(*configuration), std::nullopt, "", {}};
  Refusals refusals;
  selection.others = propose(anatomy, target, refusals);
  for (const Proposal &proposal : selection.others)
    for (const Candidate &candidate : proposal.candidates)
      if (proposal.strategy == *found && candidate.choice == choice)
        selection.time = candidate.time;
  llvm::erase_if(selection.others, [&](const Proposal &proposal) {
    return proposal.strategy == *found && proposal.candidates.front().choice == choice;
  });
  return selection;
}

FailureOr<KernelConfiguration> hadal::selectConfiguration(const KernelAnatomy &anatomy,
                                                          const TargetDescription &target) {
  FailureOr<Selection> selection = select(anatomy, target);
  if (failed(selection))
    return failure();
  return std::move(selection->configuration);
}

FailureOr<KernelConfiguration> hadal::selectConfiguration(KernelOp kernel, const TargetDescription &target) {
  return selectConfiguration(KernelAnatomy(kernel), target);
}
