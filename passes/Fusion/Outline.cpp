//===- Outline.cpp - from groups of operations to launches of kernels --------------------------------------------===//
//
// A group becomes a launch: its operands are what its operations read and do not make, in the order in which they are
// first read; its results are what others read, in the order in which they are made, and what nobody reads of an
// anchor: a training and an evaluation step then share the kernel. What the kernel copies (constants, expansions,
// selections of rows) is put before its first reader.
//
// Tying follows the results of the entry point backwards: the launch that makes the result must read the tied argument
// in place, or read in place a value that can itself be tied to it (a weight that is used twice adds to its gradient
// twice).
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Fusion/Outline.h"
#include "passes/Fusion/InPlace.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace hadal;

namespace {

/// The body, operands and results of the kernel of one group.
class Outliner {
public:
  Outliner(FusionGroup &group) {
    members.insert(group.operations.begin(), group.operations.end());
    for (Operation *op : group.operations)
      append(op);
    for (Operation *op : body)
      for (Value operand : op->getOperands())
        if (!made.contains(operand))
          operands.insert(operand);
    for (Operation *op : group.operations)
      for (Value result : op->getResults())
        if (isReadOutside(result) || (op == group.anchor && result.use_empty()))
          results.push_back(result);
  }

  SmallVector<Operation *> body;
  llvm::SetVector<Value> operands;
  SmallVector<Value> results;

private:
  /// Appends an operation after what it copies.
  void append(Operation *op) {
    if (!inBody.insert(op).second)
      return;
    for (OpOperand &use : op->getOpOperands())
      if (Operation *copied = getCopiedProducer(use))
        append(copied);
    body.push_back(op);
    made.insert(op->getResults().begin(), op->getResults().end());
  }

  bool isReadOutside(Value value) const {
    return llvm::any_of(value.getUses(), [&](OpOperand &use) {
      Operation *reader = use.getOwner();
      if (members.contains(reader))
        return false;
      // A reader that is only copied counts where it is copied to.
      bool isKernel =
          !llvm::all_of(reader->getUses(), [](OpOperand &use) { return getCopiedProducer(use) != nullptr; }) ||
          reader->use_empty();
      return isKernel || llvm::any_of(reader->getResults(), [&](Value result) { return isReadOutside(result); });
    });
  }

  llvm::SmallPtrSet<Operation *, 8> members, inBody;
  llvm::SmallPtrSet<Value, 16> made;
};

/// Ties `value`, made by a launch, to `argument`. Fails without a diagnostic.
LogicalResult tie(Value value, BlockArgument argument) {
  auto launch = value.getDefiningOp<LaunchOp>();
  if (!launch)
    return success(value == argument);
  unsigned result = cast<OpResult>(value).getResultNumber();
  auto kernel = SymbolTable::lookupNearestSymbolFrom<KernelOp>(launch, launch.getKernelAttr());
  SmallVector<int64_t> tied(launch.getNumResults(), -1);
  if (launch.getTied())
    tied.assign(launch.getTied()->begin(), launch.getTied()->end());
  auto tryOperand = [&](OpOperand &use, bool direct) {
    if ((use.get() == argument) != direct || !mayShareBuffer(kernel, result, use.getOperandNumber()))
      return false;
    // Nothing may read the old value afterwards.
    for (Operation *reader : use.get().getUsers())
      if (reader != launch && !reader->isBeforeInBlock(launch))
        return false;
    if (!direct && failed(tie(use.get(), argument)))
      return false;
    tied[result] = use.getOperandNumber();
    launch.setTied(tied);
    return true;
  };
  for (bool direct : {true, false})
    for (OpOperand &use : launch.getArgumentsMutable())
      if (tryOperand(use, direct))
        return success();
  return failure();
}

} // namespace

void hadal::outlineGroups(func::FuncOp entry, FusionGroups &groups, KernelTable &kernels) {
  Block &block = entry.getBody().front();
  Operation *terminator = block.getTerminator();
  SmallVector<Operation *> old;
  for (Operation &op : block.without_terminator())
    old.push_back(&op);

  OpBuilder builder(terminator);
  DenseMap<Value, Value> launched;
  auto lookup = [&](Value value) {
    auto found = launched.find(value);
    return found == launched.end() ? value : found->second;
  };
  for (std::unique_ptr<FusionGroup> &group : groups) {
    Outliner outliner(*group);
    KernelOp kernel = kernels.getOrCreate(group->kind, group->anchor, outliner.body, outliner.operands.getArrayRef(),
                                          outliner.results);
    Operation *named = group->anchor ? group->anchor : group->operations.front();
    auto operands = llvm::map_to_vector(outliner.operands, lookup);
    auto launch = LaunchOp::create(builder, named->getLoc(), TypeRange(ValueRange(outliner.results)),
                                   FlatSymbolRefAttr::get(kernel.getSymNameAttr()), operands, /*tied=*/nullptr,
                                   /*placement=*/nullptr, /*workspace=*/nullptr, /*workspace_placement=*/nullptr);
    for (auto [value, result] : llvm::zip_equal(outliner.results, launch.getResults()))
      launched[value] = result;
  }
  for (OpOperand &operand : terminator->getOpOperands())
    operand.set(lookup(operand.get()));
  for (Operation *op : llvm::reverse(old))
    op->erase();
}

LogicalResult hadal::tieResults(func::FuncOp entry) {
  Operation *terminator = entry.getBody().front().getTerminator();
  for (OpOperand &returned : terminator->getOpOperands()) {
    std::optional<unsigned> tied = getTiedArgument(entry, returned.getOperandNumber());
    if (!tied)
      continue;
    if (failed(tie(returned.get(), entry.getArgument(*tied))))
      return emitError(returned.get().getLoc())
             << "result " << returned.getOperandNumber() << " of @" << entry.getSymName()
             << " cannot be written into argument " << *tied
             << ": the last kernel that reads the argument has to make the result element by element";
  }
  return success();
}
