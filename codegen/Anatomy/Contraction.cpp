//===- Contraction.cpp - what a kernel of the contraction kind computes -------------------------------------------===//
//
// See the header. Factors are operands of the kernel, or rows gathered from one for the product alone, which is then
// read where the gather points. A right-hand side in codes is two operands.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/Contraction.h"
#include "codegen/Anatomy/Elementwise.h"
#include "dialect/IR/Encoding.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
int64_t lastDimension(Value value) { return typeOf(value).getRank() == 0 ? 1 : typeOf(value).getShape().back(); }

/// The rows that an operation selects, if that is what it does.
std::optional<RowSelection> findSelection(Operation *op) {
  auto kernelOp = dyn_cast_or_null<KernelOpInterface>(op);
  return kernelOp ? kernelOp.getRowSelection() : std::nullopt;
}

/// Whether an operation only brings rows to the product, which reads them where they lie, or a weight of which it reads
/// the codes.
bool isReadThrough(Operation *op, Operation *anchor) {
  bool isRead = findSelection(op) || (op->getNumResults() == 1 && getCodedWeight(op->getResult(0)));
  return isRead && llvm::all_of(op->getUses(), [&](OpOperand &use) { return use.getOwner() == anchor; });
}

class ContractionReader {
public:
  ContractionReader(KernelOp kernel, const KernelParts &parts, Refusals &refusals)
      : kernel(kernel), parts(parts), refusals(refusals) {}

  FailureOr<Contraction> read();

private:
  LogicalResult readForm();
  LogicalResult readFactor(const ContractionFactor &factor, int64_t rows, ContractionOperand &operand);
  LogicalResult readLayout(ContractionOperand &operand);
  LogicalResult readResult();
  LogicalResult checkTypes();
  LogicalResult checkAccess(Operation *op, Value value);
  LogicalResult checkEpilogue();
  void describeShape();

  KernelOp kernel;
  const KernelParts &parts;
  Refusals &refusals;
  ContractionForm form;
  Contraction result;
};

/// Why a body without an anchor has none.
LogicalResult refuseAnchor(KernelOp kernel, Refusals &refusals) {
  bool found = false;
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (isa<ContractionOpInterface>(op) && std::exchange(found, true))
      return refusals.add(&op, "is a second product: a contraction kernel has one");
  return refusals.add(kernel, "of this kind has a matrix product");
}

LogicalResult ContractionReader::readForm() {
  auto product = dyn_cast_or_null<ContractionOpInterface>(parts.anchor);
  if (!product)
    return refuseAnchor(kernel, refusals);
  result.anchor = product;
  std::optional<ContractionForm> stated = product.getContraction();
  if (!stated)
    return refusals.add(product, "does not say what it multiplies");
  form = *stated;
  if (form.lhs.scales || form.rhs.scales)
    return refusals.add(product, "multiplies with block scales, which no strategy reads: dequantize its factors");
  return success();
}

/// Which types are multiplied is said by the factors alone: see hadal-lower-precision.
LogicalResult ContractionReader::checkTypes() {
  auto isServed = [](Type type) {
    Type element = getElementTypeOrSelf(type);
    return element.isF32() || element.isBF16() || element.isInteger(32);
  };
  auto product = dyn_cast<ProductOpInterface>(result.anchor);
  Type requested = product ? product.getRequestedType() : Type();
  if (!llvm::all_of(result.anchor->getOperandTypes(), isServed) ||
      !llvm::all_of(result.anchor->getResultTypes(), isServed) || !form.sum.isF32() ||
      (requested && !requested.isF32()))
    return refusals.add(result.anchor, "is served with factors of f32 and bf16, and sums in f32");
  return success();
}

/// The operand of the kernel behind a factor with so many rows.
LogicalResult ContractionReader::readFactor(const ContractionFactor &factor, int64_t rows,
                                            ContractionOperand &operand) {
  Value value = result.anchor->getOperand(factor.operand);
  operand.columns = factor.memoryStride();
  operand.start = factor.start;
  operand.batchStride = factor.batchStride;
  operand.depthContiguous = !factor.transposed;
  if (std::optional<RowSelection> selection = findSelection(value.getDefiningOp())) {
    // A row of memory is a row that is gathered, and each batch has its place in it.
    if (factor.start != 0)
      return failure();
    int64_t neighbours = factor.transposed ? rows : form.depth;
    if (operand.columns != lastDimension(value) ||
        (form.batches - 1) * factor.batchStride + neighbours > operand.columns)
      return failure();
    Operation *gather = value.getDefiningOp();
    operand.pairs = dyn_cast<BlockArgument>(gather->getOperand(selection->indices));
    operand.topK = selection->divisor;
    value = gather->getOperand(selection->source);
    if (!operand.pairs)
      return failure();
  }
  if (std::optional<CodedWeight> coded = getCodedWeight(value)) {
    auto scales = dyn_cast<BlockArgument>(coded->scales);
    if (!scales || !readsCodes(result.anchor->getOpOperand(factor.operand)))
      return failure();
    setCodes(operand, coded->format, scales, form.depth);
    value = coded->codes;
  }
  operand.tensor = dyn_cast<BlockArgument>(value);
  if (operand.tensor && typeOf(operand.tensor).getRank() == 2 && (operand.start > 0 || operand.batchStride > 0))
    operand.stretchedRows = typeOf(operand.tensor).getDimSize(0);
  return success(bool(operand.tensor));
}

/// A factor lies row by row, or is a B in panels.
LogicalResult ContractionReader::readLayout(ContractionOperand &operand) {
  RankedTensorType type = typeOf(operand.tensor);
  if (operand.codes)
    return success();
  bool mayBePacked = &operand == &result.rhs && !operand.pairs;
  if (!getLayout(type) || (mayBePacked && readPanels(operand, type, result.columns, result.depth)))
    return success();
  std::string text;
  llvm::raw_string_ostream(text) << "reads argument " << operand.tensor.getArgNumber() << " in the layout "
                                 << getLayout(type) << "; products read " << describeReadableLayouts();
  return refusals.add(result.anchor, text);
}

/// Where C lies in rows and columns of the result.
LogicalResult ContractionReader::readResult() {
  result.resultColumns = lastDimension(result.anchor->getResult(0));
  if (form.rows > 1 && form.resultRowStride % result.resultColumns != 0)
    return refusals.add(result.anchor, "has several rows of its product in a row of its result");
  result.rowStep = form.rows > 1 ? form.resultRowStride / result.resultColumns : 1;
  result.batchRows = form.resultBatchStride / result.resultColumns;
  result.batchColumns = form.resultBatchStride % result.resultColumns;
  return success();
}

/// A value beside the product is read or made at the place at which it is stored.
LogicalResult ContractionReader::checkAccess(Operation *op, Value value) {
  RankedTensorType space = typeOf(result.anchor->getResult(0));
  if (findAccess(typeOf(value), space))
    return success();
  std::string text;
  llvm::raw_string_ostream(text) << "has a value of type '" << value.getType() << "' beside a product of type '"
                                 << space
                                 << "': each has to be of the product's shape, one row, one column or one number";
  return refusals.add(op, text);
}

/// What stands beside the product computes each of its results at the place at which it is stored.
LogicalResult ContractionReader::checkEpilogue() {
  Block &body = kernel.getBody().front();
  for (Operation &op : body.without_terminator()) {
    if (&op == result.anchor || isReadThrough(&op, result.anchor))
      continue;
    if (!isElementwise(&op) || movesColumns(&op))
      return refusals.add(&op, "cannot stand beside a product: it is not computed element by element");
    for (ValueRange values : {ValueRange(op.getOperands()), ValueRange(op.getResults())})
      for (Value value : values)
        if (failed(checkAccess(&op, value)))
          return failure();
  }
  for (Value value : body.getTerminator()->getOperands())
    if (typeOf(value).getShape() != typeOf(result.anchor->getResult(0)).getShape())
      return refusals.add(body.getTerminator(), "has a result of another shape than the product");
  return success();
}

/// The product that tiles are chosen for. Batches' shares differ: a quarter above the mean is taken as typical.
void ContractionReader::describeShape() {
  result.shape = {result.rows, result.columns, result.depth, 1, result.lhs.depthContiguous, result.rhs.depthContiguous};
  result.shape.batches = result.batches;
  result.shape.rhsPanel = result.rhs.panelColumns;
  result.shape.rhsIsInPairs = result.rhs.isInTiles;
  auto isBF16 = [](const ContractionOperand &operand) { return typeOf(operand.tensor).getElementType().isBF16(); };
  result.shape.rhsCodes = result.rhs.codes;
  result.shape.factorsAreBF16 = isBF16(result.lhs) && (result.rhs.codes || isBF16(result.rhs));
  int64_t share = std::max<int64_t>(1, llvm::divideCeil(result.groupedRows * 5, result.batches * 4));
  if (result.grouping == ContractionGrouping::Rows) {
    result.shape.rows = std::min(result.rows, share);
  } else if (result.grouping == ContractionGrouping::Depth) {
    result.shape.depth = std::min(std::max<int64_t>(1, result.depth), share);
    result.shape.depthIsDynamic = true;
  }
}

FailureOr<Contraction> ContractionReader::read() {
  if (failed(readForm()) || failed(checkTypes()))
    return failure();
  result.grouping = form.grouping;
  result.batches = form.batches;
  result.rows = form.rows;
  result.columns = form.columns;
  result.depth = form.depth;
  bool isGrouped = form.grouping != ContractionGrouping::None;
  if (isGrouped) {
    result.groupedRows = form.grouping == ContractionGrouping::Rows ? form.rows : form.depth;
    result.offsets = dyn_cast<BlockArgument>(result.anchor->getOperand(form.offsets));
  }
  if (form.rowCounts) {
    result.rowCounts = dyn_cast<BlockArgument>(result.anchor->getOperand(*form.rowCounts));
    if (!result.rowCounts)
      return refusals.add(result.anchor, "reads the numbers of its rows from what the kernel computes: they are an "
                                         "operand of the kernel");
  }
  // The B of a row's batch is found as a number of rows of memory.
  int64_t rowOfMemory = form.rhs.memoryStride();
  if (form.grouping == ContractionGrouping::Rows && (rowOfMemory == 0 || form.rhs.batchStride % rowOfMemory != 0))
    return refusals.add(result.anchor, "has matrices for groups of rows that are not whole rows of memory apart");
  if (failed(readFactor(form.lhs, form.rows, result.lhs)) || failed(readFactor(form.rhs, form.columns, result.rhs)) ||
      (isGrouped && !result.offsets))
    return refusals.add(result.anchor, "reads what the kernel computes: its factors are operands of the kernel, or "
                                       "rows gathered from them");
  if (failed(readLayout(result.lhs)) || failed(readLayout(result.rhs)) || failed(readResult()) ||
      failed(checkEpilogue()))
    return failure();
  describeShape();
  return std::move(result);
}

} // namespace

/// Which dimensions of a tensor number the depth and the columns of B, where its last two are the matrix.
static std::optional<std::pair<int64_t, int64_t>> findMatrix(const ContractionOperand &operand, RankedTensorType type) {
  int64_t rank = type.getRank();
  if (rank < 2)
    return std::nullopt;
  ArrayRef<int64_t> shape = type.getShape();
  bool isMatrix = operand.columns == shape.back();
  // A stretch is whole rows of a matrix.
  if (operand.stretchedRows > 0) {
    if (!isMatrix || operand.start % operand.columns != 0 || operand.batchStride % operand.columns != 0)
      return std::nullopt;
    return operand.depthContiguous ? std::pair<int64_t, int64_t>(1, 0) : std::pair<int64_t, int64_t>(0, 1);
  }
  bool areMatrices = operand.batchStride == 0 || operand.batchStride == shape[rank - 1] * shape[rank - 2];
  if (!isMatrix || !areMatrices || (rank > 2 && operand.batchStride == 0))
    return std::nullopt;
  int64_t depth = operand.depthContiguous ? rank - 1 : rank - 2;
  return std::pair(depth, 2 * rank - 3 - depth);
}

/// A layout of matrix after matrix, each with the given order of its two dimensions.
static LayoutAttr getMatrixLayout(RankedTensorType type, ArrayRef<int64_t> order, ArrayRef<int64_t> inner,
                                  ArrayRef<int64_t> tiles) {
  SmallVector<int64_t> outer = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank() - 2));
  llvm::append_range(outer, order);
  return LayoutAttr::get(type.getContext(), outer, inner, tiles);
}

bool ContractionOperand::beginsWithPanels(int64_t panelColumns, int64_t panelDepth) const {
  int64_t rows = depthContiguous ? panelColumns : panelDepth;
  return stretchedRows == 0 || (start / columns % rows == 0 && batchStride / columns % rows == 0);
}

LayoutAttr hadal::getPanelLayout(const ContractionOperand &operand, RankedTensorType type, int64_t columns,
                                 int64_t depth) {
  auto matrix = findMatrix(operand, type);
  return matrix && operand.beginsWithPanels(columns, depth)
             ? getMatrixLayout(type, {matrix->first, matrix->second}, {matrix->first, matrix->second}, {depth, columns})
             : LayoutAttr();
}

LayoutAttr hadal::getTileLayout(const ContractionOperand &operand, RankedTensorType type) {
  auto matrix = findMatrix(operand, type);
  return matrix && operand.beginsWithPanels(tileColumns, tileDepth)
             ? getMatrixLayout(type, {matrix->second, matrix->first}, {matrix->first, matrix->second, matrix->first},
                               {tileDepth / 2, tileColumns, 2})
             : LayoutAttr();
}

bool hadal::readPanels(ContractionOperand &operand, RankedTensorType type, int64_t columns, int64_t depth) {
  LayoutAttr layout = getLayout(type);
  if (!layout)
    return true;
  ArrayRef<int64_t> tiles = layout.getTiles();
  if (tiles.size() == 2 && layout == getPanelLayout(operand, type, tiles[1], tiles[0])) {
    operand.panelDepth = tiles[0];
    operand.panelColumns = tiles[1];
    return true;
  }
  operand.isInTiles = columns % tileColumns == 0 && layout == getTileLayout(operand, type);
  if (operand.isInTiles) {
    bool isDepthStretched = operand.stretchedRows > 0 && !operand.depthContiguous;
    operand.panelDepth = llvm::alignTo(isDepthStretched ? operand.stretchedRows : depth, tileDepth);
    operand.panelColumns = tileColumns;
  }
  return operand.isInTiles;
}

void hadal::setCodes(ContractionOperand &operand, CodeFormat format, BlockArgument scales, int64_t depth) {
  operand.codes = format;
  operand.scales = scales;
  operand.panelColumns = codePanelColumns;
  operand.panelDepth = llvm::alignTo(depth, codePanelDepth);
}

std::string hadal::describeReadableLayouts() {
  return "rows, and a right-hand side in panels or, where its columns are a multiple of " +
         std::to_string(tileColumns) + ", in tiles";
}

FailureOr<Contraction> hadal::analyzeContraction(KernelOp kernel, const KernelParts &parts, Refusals &refusals) {
  return ContractionReader(kernel, parts, refusals).read();
}

Access Contraction::access(Value argument) const {
  return findAccess(typeOf(argument), typeOf(anchor->getResult(0))).value_or(Access::None);
}

int64_t Contraction::alignedColumns(int64_t limit) const {
  while (limit > 1 && (resultColumns % limit != 0 || batchColumns % limit != 0))
    limit /= 2;
  return limit;
}

int64_t Contraction::rowTasks(int64_t rowBlock) const {
  if (grouping != ContractionGrouping::Rows)
    return llvm::divideCeil(rows, rowBlock);
  // Every batch with rows has at most one block that is not full.
  int64_t ragged = std::min(batches, rows);
  return (rows - ragged) / rowBlock + ragged;
}
int64_t Contraction::columnTasks(int64_t columnBlock) const { return llvm::divideCeil(columns, columnBlock); }
