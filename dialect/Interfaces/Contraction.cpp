//===- Contraction.cpp - checks of what a product states ----------------------------------------------------------===//
//
// A form that reaches beyond its tensors would be read by every target as it stands, so nothing of it is believed: the
// farthest element of each factor lies in its operand, and every element of the result is one place of C.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Interfaces/Contraction.h"
#include "dialect/IR/Checks.h"
#include "dialect/Interfaces/HadalInterfaces.h"

using namespace mlir;
using namespace hadal;

namespace {

/// How far an index runs, and the elements from one to the next.
struct Dimension {
  int64_t length, stride;
};

/// The farthest element that the dimensions reach.
int64_t farthest(ArrayRef<Dimension> dimensions) {
  int64_t element = 0;
  for (Dimension dimension : dimensions)
    element += (dimension.length - 1) * dimension.stride;
  return element;
}

/// Whether no two places are the same element: each dimension steps over all that the smaller ones reach.
bool areDistinct(SmallVector<Dimension> dimensions) {
  llvm::erase_if(dimensions, [](Dimension dimension) { return dimension.length <= 1; });
  llvm::sort(dimensions, [](Dimension a, Dimension b) { return a.stride < b.stride; });
  for (auto [index, dimension] : llvm::enumerate(dimensions))
    if (dimension.stride <= farthest(ArrayRef(dimensions).take_front(index)))
      return false;
  return true;
}

/// The expectations of one product.
class FormChecks {
public:
  FormChecks(Operation *op, const ContractionForm &form) : op(op), form(form), checks(op) {}

  LogicalResult verify() {
    bool isEmpty = form.batches == 0 || form.rows == 0 || form.columns == 0 || form.depth == 0;
    checks
        .expect(form.batches >= 0 && form.rows >= 0 && form.columns >= 0 && form.depth >= 0,
                "states a product of negative extents")
        .expect(op->getNumResults() == 1, "states a product, which has one result")
        .expect(isa_and_nonnull<FloatType>(form.sum), "states no floating-point type for its sums");
    if (form.grouping != ContractionGrouping::None)
      checkGroups();
    if (form.rowCounts)
      checkCounts();
    if (failed(LogicalResult(checks)) || isEmpty)
      return checks;
    checkFactor("the left-hand side", form.lhs, form.rows);
    checkFactor("the right-hand side", form.rhs, form.columns);
    checkResult();
    return checks;
  }

private:
  /// The tensor of an operand; null, after saying so, when there is none.
  RankedTensorType operand(StringRef name, unsigned number) {
    RankedTensorType type;
    if (number < op->getNumOperands())
      type = dyn_cast<RankedTensorType>(op->getOperand(number).getType());
    checks.expect(bool(type), "states operand " + Twine(number) + " as " + name + ", which is no tensor");
    return type;
  }

  void checkGroups() {
    bool groupsRows = form.grouping == ContractionGrouping::Rows;
    RankedTensorType offsets = operand("the offsets", form.offsets);
    checks
        .expect(offsets && offsets.getElementType().isInteger(32) && offsets.getNumElements() == form.batches + 1,
                "states groups, whose offsets are " + Twine(form.batches + 1) + " numbers of i32")
        .expect(form.lhs.batchStride == 0 && (groupsRows || form.rhs.batchStride == 0) &&
                    (!groupsRows || form.resultBatchStride == 0),
                "states groups of what also has a stride from batch to batch");
  }

  void checkCounts() {
    RankedTensorType counts = operand("the numbers of rows", *form.rowCounts);
    checks
        .expect(counts && counts.getElementType().isInteger(32) && counts.getNumElements() == form.batches,
                "states numbers of rows, which are " + Twine(form.batches) + " numbers of i32")
        .expect(form.grouping == ContractionGrouping::None,
                "states numbers of rows beside groups, whose offsets say it");
  }

  void checkFactor(StringRef name, const ContractionFactor &factor, int64_t rows) {
    RankedTensorType type = operand(name, factor.operand);
    if (!type)
      return;
    checks
        .expect(factor.start >= 0 && factor.batchStride >= 0 && factor.rowStride >= 0 && factor.depthStride >= 0,
                "states negative strides for " + name)
        .expect((factor.transposed ? factor.rowStride : factor.depthStride) == 1,
                "states " + name + " without neighbours in memory: the stride along " +
                    (factor.transposed ? "rows" : "the depth") + " is 1");
    int64_t last =
        factor.start +
        farthest({{form.batches, factor.batchStride}, {rows, factor.rowStride}, {form.depth, factor.depthStride}});
    checks.expect(last < type.getNumElements(), "states element " + Twine(last) + " of " + name + ", which has " +
                                                    Twine(type.getNumElements()) + ": check extents and strides");
    if (factor.scales)
      checkScales(name, *factor.scales, factor.batchStride == 0 ? rows : rows * form.batches);
  }

  void checkScales(StringRef name, const BlockScales &scales, int64_t rows) {
    RankedTensorType type = operand("scales", scales.operand);
    checks.expect(scales.rows > 0 && scales.depth > 0, "states empty blocks of scales for " + name);
    if (!type || failed(LogicalResult(checks)))
      return;
    int64_t expected = int64_t(llvm::divideCeil(rows, scales.rows) * llvm::divideCeil(form.depth, scales.depth));
    checks.expect(type.getNumElements() == expected,
                  "states " + Twine(expected) + " scales for " + name + ", got " + Twine(type.getNumElements()));
  }

  /// Every element is one place of C.
  void checkResult() {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    int64_t batches = form.grouping == ContractionGrouping::Rows ? 1 : form.batches;
    SmallVector<Dimension> dimensions = {
        {batches, form.resultBatchStride}, {form.rows, form.resultRowStride}, {form.columns, 1}};
    int64_t elements = batches * form.rows * form.columns;
    checks
        .expect(type && type.getNumElements() == elements,
                "states a result of " + Twine(elements) + " elements, which is not what it has")
        .expect(areDistinct(dimensions) && farthest(dimensions) + 1 == elements,
                "states strides of the result that do not make every element once");
    if (failed(LogicalResult(checks)))
      return;
    // Targets find the row and the column of the result's last dimension from those of the product.
    int64_t length = type.getRank() == 0 ? 1 : type.getShape().back();
    auto isRegular = [&](int64_t count, int64_t stride, int64_t inside) {
      return count <= 1 || stride % length == 0 || (count - 1) * stride + inside <= length;
    };
    checks.expect(form.columns <= length && isRegular(form.rows, form.resultRowStride, form.columns) &&
                      isRegular(batches, form.resultBatchStride, form.columns),
                  "states a result whose matrices are cut by the rows of its type");
  }

  Operation *op;
  const ContractionForm &form;
  Checks checks;
};

} // namespace

LogicalResult hadal::detail::verifyContraction(Operation *op) {
  std::optional<ContractionForm> form = cast<ContractionOpInterface>(op).getContraction();
  return form ? FormChecks(op, *form).verify() : success();
}
