//===- Columns.cpp - where columns that are only moved come from --------------------------------------------------===//
//
// Implements getColumnRanges of the operations that cut, join and repeat rows.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

static int64_t columnsOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 ? 1 : channels(type);
}

SmallVector<ColumnRange> SplitOp::getColumnRanges(unsigned result) {
  int64_t first = 0;
  for (Value part : getParts().take_front(result))
    first += columnsOf(part);
  return {{0, columnsOf(getParts()[result]), first}};
}

SmallVector<ColumnRange> ConcatOp::getColumnRanges(unsigned) {
  SmallVector<ColumnRange> ranges;
  for (auto [operand, part] : llvm::enumerate(getParts()))
    ranges.push_back({unsigned(operand), columnsOf(part)});
  return ranges;
}

SmallVector<ColumnRange> ExpandOp::getColumnRanges(unsigned) { return {{0, columnsOf(getResult())}}; }
