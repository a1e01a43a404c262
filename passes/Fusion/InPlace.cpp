//===- InPlace.cpp - when a result may lie where an operand lies -------------------------------------------------===//
//
// Two cases. The operation that makes the result says so itself (AdamW). Or the operand is read once, by an elementwise
// operation, and only elementwise operations lie between it and the result; nothing else that the kernel yields or
// reduces may depend on it, since a kernel may go over its rows once per result.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Fusion/InPlace.h"
#include "dialect/IR/Conversions.h"

using namespace mlir;
using namespace hadal;

bool hadal::mayShareBuffer(KernelOp kernel, unsigned result, unsigned operand) {
  BlockArgument argument = kernel.getBody().getArgument(operand);
  Operation *terminator = kernel.getBody().front().getTerminator();
  Value yielded = terminator->getOperand(result);
  if (argument.getType() != yielded.getType() || !argument.hasOneUse())
    return false;
  if (auto anchor = yielded.getDefiningOp<KernelOpInterface>()) {
    int64_t inPlace = anchor.getInPlaceOperand(cast<OpResult>(yielded).getResultNumber());
    if (inPlace >= 0 && anchor->getOperand(inPlace) == argument)
      return true;
  }
  // Everything that depends on the argument is elementwise and ends in this one result.
  SmallVector<Value> pending{argument};
  llvm::SmallPtrSet<Operation *, 8> seen;
  bool reachesResult = false;
  while (!pending.empty())
    for (OpOperand &use : pending.pop_back_val().getUses()) {
      Operation *reader = use.getOwner();
      if (reader == terminator) {
        if (use.getOperandNumber() != result)
          return false;
        reachesResult = true;
      } else if (!isElementByElement(reader)) {
        return false;
      } else if (seen.insert(reader).second) {
        llvm::append_range(pending, reader->getResults());
      }
    }
  return reachesResult;
}
