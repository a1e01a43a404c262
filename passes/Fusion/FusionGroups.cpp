//===- FusionGroups.cpp - what may run as one kernel --------------------------------------------------------------===//
//
// What joins what is a matter of what strategies can do:
//  - elementwise operations on the only use of a contraction's result join the contraction (residual sums, the sum into
//    a gradient); of a reduction or a head only the sum into an accumulator does; of attention and the others a
//    rounding, where the operation says so;
//  - rowwise and elementwise operations over equally many rows join each other;
//  - constants and expansions of smaller tensors are copied into every kernel that reads them, as is an operation that
//    selects rows (the gather before the experts' products) into kernels that read it row by row: their results never
//    exist;
//  - so is a weight in codes, for products that read codes and scales themselves;
//  - a widening conversion is such an expansion, copied also into kernels that are not rowwise but widen what they
//    read;
//  - everything else stands alone.
//
// Whether what may join does join is a matter of price: SearchGroups.cpp.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Fusion/FusionGroups.h"
#include "dialect/IR/Conversions.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/WeightCodes.h"
#include "passes/Transforms/Requirements.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;

namespace {

bool isElementwise(Operation *op) { return op->getNumResults() > 0 && isElementByElement(op); }

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

bool hasOneReader(Value value) { return llvm::all_equal(value.getUsers()); }

/// What an operand is read from: the value before it was widened for this reader alone.
Value getOwnUnwidened(Value value) { return hasOneReader(value) ? getUnwidened(value) : value; }

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// Whether an elementwise operation of this shape may stand behind a contraction: of expansions an epilogue takes those
/// of single numbers and of elements.
bool readsElements(Operation *op) {
  return llvm::all_of(op->getOpOperands(), [](OpOperand &use) {
    Operation *copied = getCopiedProducer(use);
    return !copied || !isExpansion(copied) || isWidening(copied) || shapeOf(copied->getOperand(0)).empty();
  });
}

/// Why an operation cannot stand behind the anchor of a group, on `product`; "": it can.
std::string findEpilogueObstacle(const FusionGroup &group, Operation *op, Value product) {
  if (!hasOneReader(product))
    return "the result has other readers";
  if (shapeOf(product) != shapeOf(op->getResult(0)))
    return "the result's shape changes";
  std::string kind = stringifyKernelKind(group.kind).str();
  if (group.kind == KernelKind::Contraction)
    return readsElements(op) ? "" : "rows are repeated behind a contraction";
  if (isRounding(op)) {
    auto anchor = cast<KernelOpInterface>(group.anchor);
    bool rounds = !group.tail && anchor.roundsResult(cast<OpResult>(product).getResultNumber());
    return rounds ? "" : "this " + kind + " cannot round its result";
  }
  if (group.kind != KernelKind::Reduction && group.kind != KernelKind::Head)
    return "nothing stands behind a kernel of the kind " + kind;
  auto sum = dyn_cast<SumOpInterface>(op);
  bool isFirst = sum && sum.getSummands()[0] == product;
  // Where a condition decides whether the first counts, the product is the second.
  bool accumulates = sum && !group.tail && !shapeOf(product).empty() && !(isFirst && sum.getCondition()) &&
                     isAccumulator(sum.getSummands()[isFirst ? 1 : 0]);
  return accumulates ? "" : "behind a kernel of the kind " + kind + " only a sum into an accumulator stands";
}

/// Lets operations extend the chain behind the anchor of a group, one after the other.
LogicalResult extendEpilogue(FusionGroup &group, ArrayRef<Operation *> operations, std::string &reason) {
  for (Operation *op : operations) {
    if (!isElementwise(op) || op->getNumResults() != 1) {
      reason = "'" + op->getName().getStringRef().str() + "' is not elementwise";
      return failure();
    }
    Value product;
    for (Value operand : llvm::map_range(op->getOperands(), getOwnUnwidened))
      if (group.tail ? group.tail == operand : operand.getDefiningOp() == group.anchor)
        product = operand;
    if (!product) {
      reason = "'" + op->getName().getStringRef().str() + "' does not read the result element by element";
      return failure();
    }
    reason = findEpilogueObstacle(group, op, product);
    if (!reason.empty())
      return failure();
    group.tail = op->getResult(0);
  }
  return success();
}

} // namespace

Operation *hadal::getCopiedProducer(OpOperand &use) {
  Operation *producer = use.get().getDefiningOp(), *reader = use.getOwner();
  if (!producer || reader->hasTrait<OpTrait::IsTerminator>())
    return nullptr;
  if (readsCodes(use))
    return producer;
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

bool hadal::isCopiedByAllReaders(Operation *op) {
  return llvm::all_of(op->getUses(), [](OpOperand &use) { return getCopiedProducer(use) != nullptr; });
}

void hadal::forEachSource(Operation *op, llvm::function_ref<void(Value)> body) {
  for (OpOperand &use : op->getOpOperands()) {
    if (Operation *copied = getCopiedProducer(use))
      forEachSource(copied, body);
    else
      body(use.get());
  }
}

void hadal::forEachReader(Operation *op, llvm::function_ref<void(Operation *)> body) {
  for (OpOperand &use : op->getUses()) {
    body(use.getOwner());
    if (llvm::any_of(use.getOwner()->getUses(), [](OpOperand &use) { return getCopiedProducer(use) != nullptr; }))
      forEachReader(use.getOwner(), body);
  }
}

//===--------------------------------------------------------------------------------------------------------------===//
// The kernel of a group
//===--------------------------------------------------------------------------------------------------------------===//

GroupBody::GroupBody(const FusionGroup &group) {
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

/// Appends an operation after what it copies.
void GroupBody::append(Operation *op) {
  if (!inBody.insert(op).second)
    return;
  for (OpOperand &use : op->getOpOperands())
    if (Operation *copied = getCopiedProducer(use))
      append(copied);
  body.push_back(op);
  made.insert(op->getResults().begin(), op->getResults().end());
}

bool GroupBody::isReadOutside(Value value) const {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    Operation *reader = use.getOwner();
    if (members.contains(reader))
      return false;
    // A reader that is only copied counts where it is copied to.
    bool isKernel = !isCopiedByAllReaders(reader) || reader->use_empty();
    return isKernel || llvm::any_of(reader->getResults(), [&](Value result) { return isReadOutside(result); });
  });
}

//===--------------------------------------------------------------------------------------------------------------===//
// Making and joining groups
//===--------------------------------------------------------------------------------------------------------------===//

FailureOr<FusionGroup> hadal::makeGroup(Operation *op) {
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
  FusionGroup group;
  group.operations.push_back(op);
  if (isConstant || isRowwise(op)) {
    group.rows = countRows(op);
  } else {
    group.kind = kernelOp.getKernelKind();
    group.anchor = op;
  }
  return group;
}

FailureOr<FusionGroup> hadal::joinGroups(const FusionGroup &producer, const FusionGroup &reader, std::string &reason) {
  if (reader.anchor) {
    reason = "a kernel of the kind " + stringifyKernelKind(reader.kind).str() + " reads it from memory";
    return failure();
  }
  FusionGroup joined = producer;
  joined.operations.append(reader.operations.begin(), reader.operations.end());
  if (producer.anchor) {
    if (failed(extendEpilogue(joined, reader.operations, reason)))
      return failure();
  } else if (producer.rows != reader.rows) {
    reason = llvm::formatv("{0} rows and {1}", producer.rows, reader.rows).str();
    return failure();
  }
  llvm::sort(joined.operations, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return joined;
}
