//===- Outline.cpp - from groups of operations to launches of kernels --------------------------------------------===//
//
// A group becomes a launch of the kernel with its body (GroupBody).
//
// Tying follows the results of the entry point backwards: the launch that makes the result must read the tied argument
// in place, or read in place a value that can itself be tied to it (a weight that is used twice adds to its gradient
// twice).
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Fusion/Outline.h"
#include "passes/Fusion/InPlace.h"

using namespace mlir;
using namespace hadal;

namespace {

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

void hadal::outlineGroups(func::FuncOp entry, FusionCut &cut, KernelTable &kernels) {
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
  for (std::unique_ptr<FusionGroup> &group : cut.groups) {
    GroupBody body(*group);
    group->kernel = kernels.getOrCreate(*group, body);
    Operation *named = group->anchor ? group->anchor : group->operations.front();
    auto operands = llvm::map_to_vector(body.operands, lookup);
    auto launch = LaunchOp::create(builder, named->getLoc(), TypeRange(ValueRange(body.results)),
                                   FlatSymbolRefAttr::get(group->kernel.getSymNameAttr()), operands, /*tied=*/nullptr,
                                   /*placement=*/nullptr, /*workspace=*/nullptr, /*workspace_placement=*/nullptr);
    for (auto [value, result] : llvm::zip_equal(body.results, launch.getResults()))
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
