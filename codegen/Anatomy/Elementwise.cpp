//===- Elementwise.cpp - which operations work element by element -------------------------------------------------===//
//
// Asks by trait and interface: MLIR's elementwise trait, sums, constants of one number, and operations that move
// columns.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/Elementwise.h"
#include "codegen/Anatomy/RowProgram.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace hadal;

bool hadal::isOnePerRow(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 || type.getShape().back() == 1;
}

std::optional<ShiftedColumns> hadal::findMovedColumns(Value tensor) {
  std::optional<ShiftedColumns> moved = followColumns(tensor);
  return moved && isOnePerRow(tensor) && !isOnePerRow(moved->tensor) ? std::nullopt : moved;
}

SplatElementsAttr hadal::findSplat(Operation *op) {
  Attribute constant;
  return matchPattern(op, m_Constant(&constant)) ? dyn_cast<SplatElementsAttr>(constant) : SplatElementsAttr();
}

bool hadal::isElementwise(Operation *op) {
  if (isa<ColumnsOpInterface>(op))
    return llvm::all_of(op->getResults(), findMovedColumns);
  if (op->hasTrait<OpTrait::ConstantLike>())
    return bool(findSplat(op));
  return op->getNumResults() == 1 && op->getNumRegions() == 0 &&
         (OpTrait::hasElementwiseMappableTraits(op) || isa<SumOpInterface>(op));
}

bool hadal::movesColumns(Operation *op) {
  return isa<ColumnsOpInterface>(op) && llvm::any_of(op->getResults(), [](Value result) {
           std::optional<ShiftedColumns> source = followColumns(result);
           return !source || source->shift != 0 ||
                  (!isOnePerRow(source->tensor) && RowProgram::columns(source->tensor) != RowProgram::columns(result));
         });
}

Value hadal::findRepeatedNumber(Value tensor) {
  std::optional<ShiftedColumns> moved = followColumns(tensor);
  return moved && isOnePerRow(moved->tensor) && !isOnePerRow(tensor) ? moved->tensor : Value();
}

OwningOpRef<KernelOp> hadal::expandRowwiseOps(KernelOp kernel) {
  OwningOpRef<KernelOp> copy(cast<KernelOp>(kernel->clone()));
  for (Operation &op : llvm::make_early_inc_range(copy->getBody().front())) {
    auto rowwise = dyn_cast<RowwiseOpInterface>(op);
    if (!rowwise)
      continue;
    OpBuilder builder(&op);
    op.replaceAllUsesWith(rowwise.expandRows(builder));
    op.erase();
  }
  return copy;
}
