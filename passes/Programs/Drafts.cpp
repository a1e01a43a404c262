//===- Drafts.cpp - what a model can say of tokens behind the next one --------------------------------------------===//
//
// Losses of tokens that the loss of prediction depends on and the main loss does not are those of the depths, in the
// order of the body. A depth has the operations that its loss's hidden state needs beyond the main model and the depths
// before it. Among what they read, one value follows from the tokens: a hidden state of the depth before.
//
// The last depth can go on from a hidden state of its own, as if one more depth followed. Which one says the model: the
// way from what a loss reads back to what the depth behind it reads is the same in all depths.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Programs/Drafts.h"
#include "mlir/IR/Builders.h"
#include "passes/Programs/MainLoss.h"

using namespace mlir;
using namespace hadal;

using Operations = DenseSet<Operation *>;

namespace {

class DraftFinder {
public:
  DraftFinder(func::FuncOp forward, bool explain) : forward(forward), explain(explain) {}

  LogicalResult find();

  SmallVector<DraftDepth> depths;
  /// Whether something is not of the form that drafts have, which was not to be explained.
  bool isUnfit = false;

private:
  LogicalResult complain(Operation *op, const Twine &message);
  Value findResult(StringRef name);
  bool varies(Value value) const { return value.getDefiningOp() && varying.contains(value.getDefiningOp()); }
  void findVarying();
  LogicalResult addDepth(Operation *op);
  FailureOr<Value> findInput(Operation *loss, const Operations &operations);
  std::optional<SmallVector<OpOperand *>> findWay(Value from, Value to) const;
  Value follow(Value from, ArrayRef<OpOperand *> way) const;

  func::FuncOp forward;
  bool explain;
  /// What follows from the tokens.
  Operations varying;
  /// What the main model and the depths so far need, and what the last of them reads and needs itself.
  Operations known, last;
  Value lastHidden;
};

} // namespace

LogicalResult DraftFinder::complain(Operation *op, const Twine &message) {
  if (explain)
    return op->emitError(message) << ": compile with --speculate=0";
  isUnfit = true;
  return failure();
}

Value DraftFinder::findResult(StringRef name) {
  for (OpOperand &operand : forward.getBody().front().getTerminator()->getOpOperands())
    if (StringAttr given = getResultName(forward, operand.getOperandNumber()); given && given.getValue() == name)
      return operand.get();
  return {};
}

void DraftFinder::findVarying() {
  Block &body = forward.getBody().front();
  BlockArgument window = body.getArgument(0);
  for (Operation &op : body)
    if (llvm::any_of(op.getOperands(), [&](Value operand) { return operand == window || varies(operand); }))
      varying.insert(&op);
}

/// The operations that a value needs, but for those that are known.
static Operations collectNew(Value root, const Operations &known) {
  Operations found;
  SmallVector<Value> left = {root};
  while (!left.empty()) {
    Operation *op = left.pop_back_val().getDefiningOp();
    if (op && !known.contains(op) && found.insert(op).second)
      llvm::append_range(left, op->getOperands());
  }
  return found;
}

/// The one value that follows from the tokens, beside these themselves, among what the operations read of others.
FailureOr<Value> DraftFinder::findInput(Operation *loss, const Operations &operations) {
  Value input;
  for (Operation *op : operations)
    for (Value operand : op->getOperands()) {
      if (operand == input || !varies(operand) || operations.contains(operand.getDefiningOp()))
        continue;
      if (input || !last.contains(operand.getDefiningOp()))
        return complain(loss,
                        "predicts from more of the model than one hidden state of the prediction before it, so it "
                        "drafts no tokens");
      input = operand;
    }
  auto type = input ? dyn_cast<RankedTensorType>(input.getType()) : RankedTensorType();
  if (!type || type.getRank() != 3 || !type.getElementType().isF32())
    return complain(loss, "predicts from no hidden state of the prediction before it, batch × sequence × channels of "
                          "f32, so it drafts no tokens");
  return input;
}

/// The operands by which one gets from a value to another that it is made of, where each operation on the way reads one
/// value alone that follows from the tokens.
std::optional<SmallVector<OpOperand *>> DraftFinder::findWay(Value from, Value to) const {
  SmallVector<OpOperand *> way;
  while (from != to) {
    if (!varies(from))
      return std::nullopt;
    OpOperand *next = nullptr;
    for (OpOperand &operand : from.getDefiningOp()->getOpOperands()) {
      if (!varies(operand.get()))
        continue;
      if (next)
        return std::nullopt;
      next = &operand;
    }
    if (!next)
      return std::nullopt;
    way.push_back(next);
    from = next->get();
  }
  return way;
}

/// Where the same way leads from another value; null where other operations stand there.
Value DraftFinder::follow(Value from, ArrayRef<OpOperand *> way) const {
  for (OpOperand *step : way) {
    Operation *op = from.getDefiningOp();
    if (!op || op->getName() != step->getOwner()->getName() ||
        op->getNumOperands() != step->getOwner()->getNumOperands())
      return {};
    from = op->getOperand(step->getOperandNumber());
  }
  return from;
}

LogicalResult DraftFinder::addDepth(Operation *op) {
  auto head = dyn_cast<HeadOpInterface>(op);
  if (!head)
    return complain(op, "is no head over a hidden state, so it drafts no tokens");
  DraftDepth depth;
  depth.loss = head.getLoss();
  depth.operations = collectNew(head.getHidden(), known);
  FailureOr<Value> input = findInput(op, depth.operations);
  if (failed(input))
    return failure();
  depth.input = *input;
  if (!depths.empty())
    depths.back().output = depth.input;
  if (std::optional<SmallVector<OpOperand *>> way = findWay(lastHidden, depth.input))
    depth.output = follow(head.getHidden(), *way);
  known.insert(depth.operations.begin(), depth.operations.end());
  last = depth.operations;
  lastHidden = head.getHidden();
  depths.push_back(std::move(depth));
  return success();
}

LogicalResult DraftFinder::find() {
  Value mainLoss = findResult(results::mainLoss), further = findResult(results::mtpLoss);
  if (!mainLoss || !further)
    return success();
  FailureOr<TokenLossOpInterface> main = findTokenLoss(mainLoss, KnownProgram::Generate);
  if (failed(main))
    return failure();
  auto head = dyn_cast<HeadOpInterface>(main->getOperation());
  if (!head)
    return complain(*main, "is no head over a hidden state, from which further tokens could be drafted");
  findVarying();
  known = last = collectNew(head.getHidden(), {});
  lastHidden = head.getHidden();
  Operations ofMain = collectNew(mainLoss, {}), needed = collectNew(further, {});
  for (Operation &op : forward.getBody().front())
    if (isa<TokenLossOpInterface>(op) && needed.contains(&op) && !ofMain.contains(&op) && failed(addDepth(&op)))
      return failure();
  return success();
}

FailureOr<SmallVector<DraftDepth>> hadal::findDraftDepths(func::FuncOp forward, bool explain) {
  DraftFinder finder(forward, explain);
  if (failed(finder.find()) && !finder.isUnfit)
    return failure();
  return finder.isUnfit ? SmallVector<DraftDepth>() : std::move(finder.depths);
}

LogicalResult hadal::yieldHidden(func::FuncOp forward) {
  FailureOr<SmallVector<DraftDepth>> depths = findDraftDepths(forward, /*explain=*/true);
  if (failed(depths))
    return failure();
  EntryPoint entry(forward);
  entry.addResult(results::hidden, depths->front().input);
  entry.finish();
  return success();
}

LogicalResult hadal::cutDraft(func::FuncOp forward, int64_t depth) {
  FailureOr<SmallVector<DraftDepth>> depths = findDraftDepths(forward, /*explain=*/true);
  if (failed(depths))
    return failure();
  DraftDepth &draft = (*depths)[depth - 1];
  EntryPoint entry(forward);
  auto name = StringAttr::get(forward.getContext(), inputs::hidden);
  BlockArgument hidden = entry.addArgument(draft.input.getType(), ArgumentRole::Input, name, draft.input.getLoc());
  draft.input.replaceUsesWithIf(hidden, [&](OpOperand &use) { return draft.operations.contains(use.getOwner()); });
  entry.keepResult(results::mainLoss);
  entry.replaceResults(entry.findResult(results::mainLoss), draft.loss);
  if (draft.output)
    entry.addResult(results::hidden, draft.output);
  entry.finish();
  return success();
}
