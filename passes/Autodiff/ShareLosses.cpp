//===- ShareLosses.cpp - hadal-share-losses: logits that are formed once ------------------------------------------===//
//
// The gradient of a head forms its loss as well, in the same pass over the logits. It stands in the backward pass, and
// stays there, so that the gradients it yields live no longer than needed; whatever reads the loss before it moves
// behind it instead: a few sums of single numbers. Where something else reads the loss there, or the gradient's own
// seed is made of it, the head is computed twice, and a remark says so.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace hadal {
#define GEN_PASS_DEF_SHARELOSSES
#include "passes/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

/// The first head with gradients of the same hidden state, targets and weight in the same block; null: there is none.
HeadOpInterface findGradient(HeadOpInterface head) {
  HeadOpInterface found;
  for (Operation *user : head.getHidden().getUsers()) {
    auto gradient = dyn_cast<HeadOpInterface>(user);
    if (gradient && gradient.getHiddenGradient() && gradient->getBlock() == head->getBlock() &&
        gradient.getHidden() == head.getHidden() && gradient.getTargets() == head.getTargets() &&
        gradient.getWeight() == head.getWeight() && gradient.getLoss().getType() == head.getLoss().getType() &&
        (!found || gradient->isBeforeInBlock(found)))
      found = gradient;
  }
  return found;
}

/// Collects the operations before `end` that depend on `value`. Fails where one of them is no arithmetic on single
/// numbers, or is `end` itself.
LogicalResult collectScalarReaders(Value value, Operation *end, llvm::SetVector<Operation *> &readers) {
  SmallVector<Value> pending{value};
  while (!pending.empty())
    for (Operation *reader : pending.pop_back_val().getUsers()) {
      if (reader == end || reader->getBlock() != end->getBlock())
        return failure();
      if (end->isBeforeInBlock(reader) || !readers.insert(reader))
        continue;
      if (!isMemoryEffectFree(reader) || reader->getNumRegions() > 0 || reader->getNumResults() != 1 ||
          reader->getResult(0).getType() != value.getType())
        return failure();
      pending.push_back(reader->getResult(0));
    }
  return success();
}

struct ShareLosses : hadal::impl::ShareLossesBase<ShareLosses> {
  using ShareLossesBase::ShareLossesBase;

  static void share(HeadOpInterface head, HeadOpInterface gradient) {
    llvm::SetVector<Operation *> found;
    if (failed(collectScalarReaders(head.getLoss(), gradient, found))) {
      head->emitRemark(
          "the logits of this head are formed twice: its loss is read before its gradient is made, by more "
          "than sums of single numbers");
      return;
    }
    SmallVector<Operation *> readers = found.takeVector();
    llvm::sort(readers, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    for (Operation *last = gradient; Operation *reader : readers) {
      reader->moveAfter(last);
      last = reader;
    }
    head.getLoss().replaceAllUsesWith(gradient.getLoss());
    head->erase();
  }

  void runOnOperation() override {
    SmallVector<HeadOpInterface> heads;
    getOperation().walk([&](HeadOpInterface head) {
      auto parameters = dyn_cast<ParametersOpInterface>(head.getOperation());
      bool isBound = !parameters || !parameters.getParametersAttr();
      if (isBound && !head.getHiddenGradient() && head->getNumResults() == 1)
        heads.push_back(head);
    });
    for (HeadOpInterface head : heads)
      if (HeadOpInterface gradient = findGradient(head))
        share(head, gradient);
  }
};

} // namespace
