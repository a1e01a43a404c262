//===- FusionGroups.cpp - the greedy search for fusion groups ----------------------------------------------------===//
//
// Operations are visited once, in program order, and each joins a group or opens one.
//
// Groups have places: the order in which they will be launched. An operation may join a group when all its operands
// come from groups of no larger place; so the order stays topological and no cycle can arise, without a search through
// the graph. When one operand comes from a later group, the group to join may still be moved to the end of the order,
// if nothing has read its results so far. And when an operation joins one rowwise group and reads another, the other
// merges into the first if all its readers come later than that. These three rules find every fusion of a chain and of
// a tree; each costs a look at the operands of one operation, so that the search is linear in the program.
//
// What joins what:
//  - the elementwise operations on the only use of a contraction's result join the contraction (residual sums, the
//    sum into a gradient); of a reduction or a head only the sum into an accumulator does;
//  - rowwise and elementwise operations over equally many rows join each other;
//  - constants and expansions of smaller tensors are copied into every kernel that reads them, as is an operation that
//    selects rows (the gather before the experts' products) into kernels that read it row by row: their results never
//    exist;
//  - a widening conversion is such an expansion, copied also into kernels that are not rowwise but widen what they
//  read;
//  - a rounding conversion joins the kernel that makes what it rounds;
//  - everything else stands alone.
//
// Where several groups qualify, the one that saves the most bytes is taken: a value read in its own kernel is not read
// from memory, and if nothing else reads it, not written either.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Fusion/FusionGroups.h"
#include "dialect/IR/Conversions.h"
#include "dialect/IR/Encoding.h"
#include "passes/Transforms/Requirements.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace hadal;

namespace {

/// How many operations a rowwise kernel may have: its row buffers are to stay in the first-level cache. Arithmetic on
/// single numbers has none, and a sum over all layers stays one kernel whatever their number.
size_t getSizeLimit(int64_t rows) { return rows == 0 ? std::numeric_limits<size_t>::max() : 48; }

/// The attribute that marks an operation of the backward pass that recomputes a value.
constexpr StringLiteral recomputeAttrName = "recompute";

bool isElementwise(Operation *op) { return op->getNumResults() > 0 && op->hasTrait<OpTrait::Elementwise>(); }

/// Rows of a rowwise operation's result: the product of all dimensions but the last, 0 for a single number.
int64_t countRows(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.getRank() == 0)
    return 0;
  int64_t rows = 1;
  for (int64_t dimension : type.getShape().drop_back())
    rows *= dimension;
  return rows;
}

/// Whether an operation may stand in a rowwise kernel.
bool isRowwise(Operation *op) {
  if (auto kernelOp = dyn_cast<KernelOpInterface>(op))
    return kernelOp.getKernelKind() == KernelKind::Rowwise;
  return isElementwise(op);
}

/// An operation that repeats a smaller tensor or widens its elements: cheaper to do again than to read.
bool isExpansion(Operation *op) {
  if (isWidening(op))
    return true;
  return isRowwise(op) && !isElementwise(op) && op->getNumOperands() == 1 && op->getNumResults() == 1 &&
         getByteSize(op->getOperand(0).getType()) < getByteSize(op->getResult(0).getType());
}

/// Whether every reader of an operation copies it, so that it needs no kernel of its own.
bool isCopiedByAllReaders(Operation *op) {
  return llvm::all_of(op->getUses(), [](OpOperand &use) { return getCopiedProducer(use) != nullptr; });
}

/// Calls `body` for every value that a kernel with `op` reads for it, through what it copies.
void forEachSource(Operation *op, llvm::function_ref<void(Value)> body) {
  for (OpOperand &use : op->getOpOperands()) {
    if (Operation *copied = getCopiedProducer(use))
      forEachSource(copied, body);
    else
      body(use.get());
  }
}

/// Calls `body` for every operation that reads a result of `op`, through what is copied.
void forEachReader(Operation *op, llvm::function_ref<void(Operation *)> body) {
  for (OpOperand &use : op->getUses()) {
    body(use.getOwner());
    if (llvm::any_of(use.getOwner()->getUses(), [](OpOperand &use) { return getCopiedProducer(use) != nullptr; }))
      forEachReader(use.getOwner(), body);
  }
}

/// Whether a value is, or adds to, an argument of the entry point: a gradient over several uses of a weight.
bool isAccumulator(Value value) {
  while (auto sum = value.getDefiningOp<SumOpInterface>()) {
    Value first = sum.getSummands()[0];
    if (!isa<BlockArgument>(first) && !first.getDefiningOp<SumOpInterface>())
      return isa<BlockArgument>(sum.getSummands()[1]);
    value = first;
  }
  return isa<BlockArgument>(value);
}

class GroupFinder {
public:
  LogicalResult run(func::FuncOp entry);
  FusionGroups groups;

private:
  LogicalResult visit(Operation *op);
  void visitRowwise(Operation *op);
  bool joinEpilogue(Operation *op);
  bool mayExtend(FusionGroup &group, Operation *op, Value product) const;
  FusionGroup *openGroup(Operation *op, KernelKind kind);
  void join(Operation *op, FusionGroup *group);
  bool makeReachable(Operation *op, FusionGroup *group);
  void mergeInto(FusionGroup *from, FusionGroup *into);

  FusionGroup *groupOf(Value value) const {
    Operation *op = value.getDefiningOp();
    return op ? groupOfOp.lookup(op) : nullptr;
  }
  SmallVector<FusionGroup *> producersOf(Operation *op) const;
  int64_t savedBytes(Operation *op, FusionGroup *group) const;

  DenseMap<Operation *, FusionGroup *> groupOfOp;
  int64_t lastPlace = 0;
};

/// The groups that make what a kernel with `op` reads for it.
SmallVector<FusionGroup *> GroupFinder::producersOf(Operation *op) const {
  llvm::SmallSetVector<FusionGroup *, 4> producers;
  forEachSource(op, [&](Value source) {
    if (FusionGroup *group = groupOf(source))
      producers.insert(group);
  });
  return producers.takeVector();
}

/// Bytes that need not move when `op` joins `group`: each value is not read, and not written either when nothing else
/// reads it.
int64_t GroupFinder::savedBytes(Operation *op, FusionGroup *group) const {
  int64_t bytes = 0;
  llvm::SmallPtrSet<Value, 4> seen;
  forEachSource(op, [&](Value source) {
    if (groupOf(source) == group && seen.insert(source).second)
      bytes += getByteSize(source.getType()) * (llvm::all_equal(source.getUsers()) ? 2 : 1);
  });
  return bytes;
}

/// Whether what `op` reads is there at the place of `group`; moves the group to the end of the order if that helps.
bool GroupFinder::makeReachable(Operation *op, FusionGroup *group) {
  if (llvm::all_of(producersOf(op), [&](FusionGroup *other) { return other->place <= group->place; }))
    return true;
  if (group->firstReader != INT64_MAX)
    return false;
  group->place = ++lastPlace;
  return true;
}

void GroupFinder::join(Operation *op, FusionGroup *group) {
  group->operations.push_back(op);
  groupOfOp[op] = group;
  for (FusionGroup *producer : producersOf(op))
    if (producer != group)
      producer->firstReader = std::min(producer->firstReader, group->place);
}

FusionGroup *GroupFinder::openGroup(Operation *op, KernelKind kind) {
  FusionGroup *group = groups.emplace_back(std::make_unique<FusionGroup>()).get();
  group->kind = kind;
  group->place = ++lastPlace;
  if (kind == KernelKind::Rowwise)
    group->rows = countRows(op);
  else
    group->anchor = op;
  join(op, group);
  return group;
}

/// Merges a rowwise group into a later one that nothing reads before it.
void GroupFinder::mergeInto(FusionGroup *from, FusionGroup *into) {
  if (from == into || from->anchor || into->anchor || from->rows != into->rows || from->place > into->place ||
      from->firstReader < into->place || from->operations.size() + into->operations.size() > getSizeLimit(from->rows))
    return;
  for (Operation *op : from->operations)
    groupOfOp[op] = into;
  into->operations.append(from->operations);
  from->operations.clear();
  into->firstReader = INT64_MAX;
  for (Operation *op : into->operations)
    forEachReader(op, [&](Operation *reader) {
      FusionGroup *group = groupOfOp.lookup(reader);
      if (group && group != into)
        into->firstReader = std::min(into->firstReader, group->place);
    });
}

/// Whether an elementwise operation on `product` may become part of the epilogue of `group`.
bool GroupFinder::mayExtend(FusionGroup &group, Operation *op, Value product) const {
  auto shape = [](Value value) { return cast<RankedTensorType>(value.getType()).getShape(); };
  if (shape(product) != shape(op->getResult(0)) || !llvm::all_equal(product.getUsers()))
    return false;
  if (group.tail ? group.tail != product : product.getDefiningOp() != group.anchor)
    return false;
  if (group.kind == KernelKind::Contraction)
    return llvm::all_of(op->getOpOperands(), [&](OpOperand &use) {
      // Of expansions an epilogue takes those of single numbers and of elements.
      Operation *copied = getCopiedProducer(use);
      return !copied || !isExpansion(copied) || isWidening(copied) || shape(copied->getOperand(0)).empty();
    });
  if (isRounding(op)) {
    auto anchor = cast<KernelOpInterface>(group.anchor);
    return !group.tail && anchor.roundsResult(cast<OpResult>(product).getResultNumber());
  }
  if (group.kind != KernelKind::Reduction && group.kind != KernelKind::Head)
    return false;
  auto sum = dyn_cast<SumOpInterface>(op);
  return sum && !group.tail && cast<RankedTensorType>(product.getType()).getRank() > 0 &&
         isAccumulator(sum.getSummands()[sum.getSummands()[0] == product ? 1 : 0]);
}

/// What an operand is read from: the value before it was widened for this reader alone.
static Value getOwnUnwidened(Value value) { return llvm::all_equal(value.getUsers()) ? getUnwidened(value) : value; }

/// Lets an elementwise operation join the contraction, reduction or head whose result only it reads, widened or not.
bool GroupFinder::joinEpilogue(Operation *op) {
  if (!isElementwise(op) || op->getNumResults() != 1)
    return false;
  FusionGroup *best = nullptr;
  for (Value operand : llvm::map_range(op->getOperands(), getOwnUnwidened)) {
    FusionGroup *group = groupOf(operand);
    // The latest has the other operands at hand; an earlier one would have to move behind it.
    if (group && group->anchor && mayExtend(*group, op, operand) && (!best || group->place > best->place))
      best = group;
  }
  if (!best || !makeReachable(op, best))
    return false;
  join(op, best);
  best->tail = op->getResult(0);
  return true;
}

void GroupFinder::visitRowwise(Operation *op) {
  if (joinEpilogue(op))
    return;
  int64_t rows = countRows(op);
  SmallVector<FusionGroup *> producers = producersOf(op), candidates;
  // What recomputes a value stays with its readers, or nothing would be gained by not keeping the value.
  if (!op->hasAttr(recomputeAttrName))
    for (FusionGroup *group : producers)
      if (!group->anchor && group->rows == rows && group->operations.size() < getSizeLimit(rows))
        candidates.push_back(group);
  llvm::sort(candidates, [&](FusionGroup *a, FusionGroup *b) {
    return std::make_pair(savedBytes(op, a), a->place) > std::make_pair(savedBytes(op, b), b->place);
  });
  FusionGroup *target = nullptr;
  for (FusionGroup *group : candidates) {
    if (!makeReachable(op, group))
      continue;
    target = group;
    join(op, target);
    break;
  }
  if (!target)
    target = openGroup(op, KernelKind::Rowwise);
  for (FusionGroup *group : producers)
    mergeInto(group, target);
}

LogicalResult GroupFinder::visit(Operation *op) {
  if (op->getNumResults() == 0 || !llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>))
    return op->emitOpError("cannot be cut into kernels: it does not yield tensors");
  auto kernelOp = dyn_cast<KernelOpInterface>(op);
  bool isConstant = op->hasTrait<OpTrait::ConstantLike>();
  if (!kernelOp && !isElementwise(op) && !isConstant)
    return op->emitOpError("is served by no kind of kernel");
  for (TypeRange types : {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
    for (Type type : types)
      if (failed(requireTensor(op, type)))
        return failure();
  if (isCopiedByAllReaders(op))
    return success();
  if (isConstant)
    openGroup(op, KernelKind::Rowwise);
  else if (isRowwise(op))
    visitRowwise(op);
  else
    openGroup(op, kernelOp.getKernelKind());
  return success();
}

LogicalResult GroupFinder::run(func::FuncOp entry) {
  if (!llvm::hasSingleElement(entry.getBody()))
    return entry.emitOpError("has control flow: an entry point is one block");
  for (Operation &op : entry.getBody().front().without_terminator())
    if (failed(visit(&op)))
      return failure();
  llvm::erase_if(groups, [](const std::unique_ptr<FusionGroup> &group) { return group->operations.empty(); });
  llvm::sort(groups, [](const auto &a, const auto &b) { return a->place < b->place; });
  for (std::unique_ptr<FusionGroup> &group : groups)
    llvm::sort(group->operations, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return success();
}

} // namespace

Operation *hadal::getCopiedProducer(OpOperand &use) {
  Operation *producer = use.get().getDefiningOp(), *reader = use.getOwner();
  if (!producer || reader->hasTrait<OpTrait::IsTerminator>())
    return nullptr;
  auto selection = dyn_cast<KernelOpInterface>(producer);
  auto kernelOp = dyn_cast<KernelOpInterface>(reader);
  if (producer->hasTrait<OpTrait::ConstantLike>() || isExpansion(producer)) {
    bool widens = kernelOp && isWidening(producer) && kernelOp.widensOperand(use.getOperandNumber());
    return isRowwise(reader) || widens ? producer : nullptr;
  }
  if (selection && kernelOp && selection.getRowSelection() && kernelOp.readsRows(use.getOperandNumber()))
    return selection;
  return nullptr;
}

FailureOr<FusionGroups> hadal::findFusionGroups(func::FuncOp entry) {
  GroupFinder finder;
  if (failed(finder.run(entry)))
    return failure();
  return std::move(finder.groups);
}
