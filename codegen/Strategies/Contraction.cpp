//===- Contraction.cpp - what a kernel of the contraction kind computes, and its tiles ----------------------------===//
//
// A task is a block of C. Tasks next to each other share a block of A or of B, which is then still in the cache of the
// core that packs it again: the side that is kept is the larger one, unless rows are grouped by expert, where
// neighbours share their rows so that an expert's weights are read in one go.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Strategies/Contraction.h"
#include "codegen/Kernels/ElementwiseEmitter.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
int64_t lastDimension(Value value) { return typeOf(value).getRank() == 0 ? 1 : typeOf(value).getShape().back(); }
int64_t leadingRows(Value value) { return typeOf(value).getNumElements() / std::max<int64_t>(1, lastDimension(value)); }

/// The operand behind a value of the body: an argument, or rows gathered from one for the product alone.
FailureOr<ContractionOperand> readOperand(Value value, bool depthContiguous) {
  ContractionOperand operand;
  operand.depthContiguous = depthContiguous;
  operand.columns = lastDimension(value);
  if (auto gather = value.getDefiningOp<GatherRowsOp>()) {
    operand.pairs = dyn_cast<BlockArgument>(gather.getPairs());
    if (!operand.pairs || !isa<BlockArgument>(gather.getRows()))
      return failure();
    operand.topK = typeOf(gather.getPairs()).getNumElements() / std::max<int64_t>(1, leadingRows(gather.getInput()));
    value = gather.getInput();
  }
  operand.tensor = dyn_cast<BlockArgument>(value);
  if (!operand.tensor)
    return failure();
  return operand;
}

/// Fills in both operands.
LogicalResult readOperands(Contraction &contraction, Value lhs, bool lhsDepthContiguous, Value rhs,
                           bool rhsDepthContiguous) {
  auto a = readOperand(lhs, lhsDepthContiguous), b = readOperand(rhs, rhsDepthContiguous);
  if (failed(a) || failed(b))
    return failure();
  contraction.lhs = *a;
  contraction.rhs = *b;
  return success();
}

LogicalResult readLinear(LinearOp op, Contraction &contraction) {
  contraction.rows = leadingRows(op.getInput());
  contraction.depth = lastDimension(op.getInput());
  contraction.columns = lastDimension(op.getResult());
  if (op.getWeights().size() != 1)
    return failure();
  return readOperands(contraction, op.getInput(), true, op.getWeights().front(), true);
}

LogicalResult readMatmul(MatmulOp op, Contraction &contraction) {
  Value lhs = op.getLhs(), rhs = op.getRhs();
  contraction.rows = op.getTransposeLhs() ? lastDimension(lhs) : leadingRows(lhs);
  contraction.depth = op.getTransposeLhs() ? leadingRows(lhs) : lastDimension(lhs);
  contraction.columns = op.getTransposeRhs() ? leadingRows(rhs) : lastDimension(rhs);
  return readOperands(contraction, lhs, !op.getTransposeLhs(), rhs, op.getTransposeRhs());
}

LogicalResult readGroupedMatmul(GroupedMatmulOp op, Contraction &contraction) {
  contraction.grouping = ContractionGrouping::Rows;
  contraction.offsets = dyn_cast<BlockArgument>(op.getOffsets());
  contraction.experts = typeOf(op.getRhs()).getShape().front();
  contraction.groupedRows = contraction.rows = leadingRows(op.getLhs());
  contraction.depth = lastDimension(op.getLhs());
  contraction.columns = lastDimension(op.getResult());
  return readOperands(contraction, op.getLhs(), true, op.getRhs(), op.getTransposeRhs());
}

LogicalResult readGroupedOuterProduct(GroupedOuterProductOp op, Contraction &contraction) {
  contraction.grouping = ContractionGrouping::Depth;
  contraction.offsets = dyn_cast<BlockArgument>(op.getOffsets());
  contraction.experts = typeOf(op.getResult()).getShape().front();
  contraction.groupedRows = contraction.depth = leadingRows(op.getLhs());
  contraction.rows = lastDimension(op.getLhs());
  contraction.columns = lastDimension(op.getRhs());
  return readOperands(contraction, op.getLhs(), false, op.getRhs(), false);
}

/// The one product in the body.
FailureOr<Operation *> findAnchor(KernelOp kernel, Refusals &refusals) {
  Operation *anchor = nullptr;
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (isa<LinearOp, MatmulOp, GroupedMatmulOp, GroupedOuterProductOp>(op)) {
      if (anchor)
        return refusals.add(&op, "is a second product: a contraction kernel has one");
      anchor = &op;
    }
  if (!anchor)
    return refusals.add(kernel, "of this kind has a matrix product");
  return anchor;
}

/// Whether an operation only brings rows to the product, which reads them where they lie.
bool isReadThrough(Operation &op, Operation *anchor) {
  return isa<GatherRowsOp>(op) && llvm::all_of(op.getUses(), [&](OpOperand &use) { return use.getOwner() == anchor; });
}

/// What stands beside the product computes each of its results at the place at which it is stored.
LogicalResult checkEpilogue(KernelOp kernel, Operation *anchor, Refusals &refusals) {
  RankedTensorType space = typeOf(anchor->getResult(0));
  auto checkAccess = [&](Operation *op, Value value) -> LogicalResult {
    if (findAccess(typeOf(value), space))
      return success();
    std::string text;
    llvm::raw_string_ostream(text) << "has a value of type '" << value.getType() << "' beside a product of type '"
                                   << space
                                   << "': each has to be of the product's shape, one row, one column or one number";
    return refusals.add(op, text);
  };
  Block &body = kernel.getBody().front();
  for (Operation &op : body.without_terminator()) {
    if (&op == anchor || isReadThrough(op, anchor))
      continue;
    if (!ElementwiseEmitter::computes(&op) || ElementwiseEmitter::movesColumns(&op))
      return refusals.add(&op, "cannot stand beside a product: it is not computed element by element");
    for (ValueRange values : {ValueRange(op.getOperands()), ValueRange(op.getResults())})
      for (Value value : values)
        if (failed(checkAccess(&op, value)))
          return failure();
  }
  for (Value value : body.getTerminator()->getOperands())
    if (typeOf(value).getShape() != space.getShape())
      return refusals.add(body.getTerminator(), "has a result of another shape than the product");
  return success();
}

} // namespace

FailureOr<Contraction> hadal::analyzeContraction(KernelOp kernel, Refusals *refusals) {
  Refusals unasked;
  Refusals &reasons = refusals ? *refusals : unasked;
  Contraction result;
  FailureOr<Operation *> anchor = findAnchor(kernel, reasons);
  if (failed(anchor))
    return failure();
  result.anchor = *anchor;
  LogicalResult read = failure();
  if (auto linear = dyn_cast<LinearOp>(result.anchor))
    read = readLinear(linear, result);
  else if (auto matmul = dyn_cast<MatmulOp>(result.anchor))
    read = readMatmul(matmul, result);
  else if (auto grouped = dyn_cast<GroupedMatmulOp>(result.anchor))
    read = readGroupedMatmul(grouped, result);
  else if (auto outer = dyn_cast<GroupedOuterProductOp>(result.anchor))
    read = readGroupedOuterProduct(outer, result);
  // Which types are multiplied is said by the factors alone: see hadal-lower-precision.
  auto isServed = [](Type type) {
    Type element = getElementTypeOrSelf(type);
    return element.isF32() || element.isBF16() || element.isInteger(32);
  };
  bool typesAreServed = llvm::all_of(result.anchor->getOperandTypes(), isServed) &&
                        llvm::all_of(result.anchor->getResultTypes(), isServed);
  Type requested = cast<ProductOpInterface>(result.anchor).getRequestedType();
  if (!typesAreServed || (requested && !requested.isF32()))
    return reasons.add(result.anchor, "is served with factors of f32 and bf16, and sums in f32");
  if (failed(read) || (result.grouping != ContractionGrouping::None && !result.offsets))
    return reasons.add(result.anchor, "reads what the kernel computes: its factors are operands of the kernel, or rows "
                                      "gathered from them");
  if (failed(checkEpilogue(kernel, result.anchor, reasons)))
    return failure();

  result.shape = {result.rows, result.columns, result.depth, 1, result.lhs.depthContiguous, result.rhs.depthContiguous};
  // Experts' shares differ: a quarter above the mean is taken as typical.
  int64_t share = std::max<int64_t>(1, llvm::divideCeil(result.groupedRows * 5, result.experts * 4));
  if (result.grouping == ContractionGrouping::Rows) {
    result.shape.rows = std::min(result.rows, share);
    result.shape.batches = result.experts;
  } else if (result.grouping == ContractionGrouping::Depth) {
    result.shape.depth = std::min(std::max<int64_t>(1, result.depth), share);
    result.shape.depthIsDynamic = true;
    result.shape.batches = result.experts;
  }
  return result;
}

int64_t Contraction::rowTasks(int64_t rowBlock) const {
  if (grouping != ContractionGrouping::Rows)
    return llvm::divideCeil(rows, rowBlock);
  // Every expert with rows has at most one block that is not full.
  int64_t ragged = std::min(experts, rows);
  return (rows - ragged) / rowBlock + ragged;
}
int64_t Contraction::columnTasks(int64_t columnBlock) const { return llvm::divideCeil(columns, columnBlock); }

LogicalResult hadal::selectContraction(KernelOp kernel, const TargetDescription &target,
                                       KernelConfiguration &configuration) {
  OwningOpRef<KernelOp> expanded = expandRowwiseOps(kernel);
  FailureOr<Contraction> contraction = analyzeContraction(*expanded);
  if (failed(contraction))
    return kernel.emitError("the kernel '")
           << kernel.getSymName() << "' holds no matrix product that this strategy serves";
  ProductTiles tiles = chooseProductTiles(contraction->shape, target);
  tiles.record(configuration);
  int64_t rowTasks = contraction->rowTasks(tiles.rowBlock), columnTasks = contraction->columnTasks(tiles.columnBlock);
  bool grouped = contraction->grouping != ContractionGrouping::None;
  configuration.set("row_tasks", rowTasks);
  configuration.set("column_tasks", columnTasks);
  configuration.set("rows_first", !grouped && contraction->rows <= contraction->columns);
  int64_t products = contraction->grouping == ContractionGrouping::Depth ? contraction->experts : 1;
  configuration.addStage("product", std::max<int64_t>(1, products * rowTasks * columnTasks));
  configuration.scratch = tiles.scratch(contraction->shape, target.lanes) * 4;
  return success();
}
