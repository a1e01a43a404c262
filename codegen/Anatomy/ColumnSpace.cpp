//===- ColumnSpace.cpp - where loops over columns are cut ---------------------------------------------------------===//
//
// Goes from the tensors that a loop computes to the operands, and keeps track of how far columns have been moved on the
// way.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/ColumnSpace.h"
#include "codegen/Anatomy/Elementwise.h"
#include "codegen/Anatomy/RowProgram.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Finds where the loops that compute some tensors have to be cut.
class CutFinder {
public:
  CutFinder(int64_t columns, bool sums) : columns(columns), sums(sums) {}

  void visit(Value tensor, int64_t shift) {
    Operation *op = tensor.getDefiningOp();
    if (!op || isOnePerRow(tensor) || !seen.insert({tensor, shift}).second)
      return;
    if (auto moved = dyn_cast<ColumnsOpInterface>(op))
      return visitRanges(moved, cast<OpResult>(tensor).getResultNumber(), shift);
    if (auto rotation = dyn_cast<RotationOpInterface>(op))
      rotations.push_back({rotation, shift});
    for (Value operand : op->getOperands())
      visit(operand, shift);
  }

  ColumnSpace finish() {
    ColumnSpace space{columns, 1, cuts};
    auto widthOf = [](RotationOpInterface rotation) {
      return RowProgram::columns(rotation.getInput()) / int64_t(rotation.getHeads());
    };
    int64_t width = rotations.empty() ? columns : widthOf(rotations.front().first);
    bool periodic = !sums && cuts.empty() && llvm::all_of(rotations, [&](auto &entry) {
      return entry.second == 0 && RowProgram::columns(entry.first.getInput()) == columns &&
             columns / int64_t(entry.first.getHeads()) == width;
    });
    if (periodic)
      space.heads = columns / width;
    for (auto [rotation, shift] : rotations) {
      int64_t length = widthOf(rotation), dim = rotation.getRope().getDim();
      for (int64_t head = 0; head < int64_t(periodic ? 1 : rotation.getHeads()); ++head) {
        space.cuts.insert(head * length - shift);
        space.cuts.insert((head + 1) * length - dim - shift);
        if (rotation.getRope().getLayout() == RopeLayout::Half)
          space.cuts.insert((head + 1) * length - dim / 2 - shift);
        else
          space.cutsPairs |= ((head + 1) * length - dim - shift) % 2 != 0;
      }
    }
    return space;
  }

private:
  void visitRanges(ColumnsOpInterface moved, unsigned result, int64_t shift) {
    int64_t begin = 0;
    for (ColumnRange range : moved.getColumnRanges(result)) {
      int64_t end = begin + range.columns;
      if (begin > shift)
        cuts.insert(begin - shift);
      if (begin < shift + columns && end > shift)
        visit(moved->getOperand(range.operand), shift - begin + range.first);
      begin = end;
    }
  }

  int64_t columns;
  bool sums;
  std::set<int64_t> cuts;
  SmallVector<std::pair<RotationOpInterface, int64_t>> rotations;
  DenseSet<std::pair<Value, int64_t>> seen;
};

} // namespace

ColumnSpace ColumnSpace::find(int64_t columns, ArrayRef<Value> tensors, bool sums) {
  CutFinder finder(columns, sums);
  for (Value tensor : tensors)
    finder.visit(tensor, 0);
  return finder.finish();
}

SmallVector<std::pair<int64_t, int64_t>> ColumnSpace::pieces() const {
  SmallVector<std::pair<int64_t, int64_t>> result;
  int64_t begin = 0, end = columns / heads;
  for (int64_t cut : cuts)
    if (cut > begin && cut < end) {
      result.push_back({begin, cut});
      begin = cut;
    }
  result.push_back({begin, end});
  return result;
}

ShiftedColumns hadal::followColumns(Value tensor, int64_t column, int64_t shift) {
  auto moved = tensor.getDefiningOp<ColumnsOpInterface>();
  int64_t begin = 0;
  for (ColumnRange range : moved.getColumnRanges(cast<OpResult>(tensor).getResultNumber())) {
    Value operand = moved->getOperand(range.operand);
    if (column + shift < begin + range.columns)
      return {operand, isOnePerRow(operand) ? 0 : shift - begin + range.first};
    begin += range.columns;
  }
  llvm_unreachable("the ranges cover the result");
}

std::optional<ShiftedColumns> hadal::followColumns(Value tensor) {
  auto moved = tensor.getDefiningOp<ColumnsOpInterface>();
  if (!moved || moved.getColumnRanges(cast<OpResult>(tensor).getResultNumber()).size() != 1)
    return std::nullopt;
  return followColumns(tensor, 0, 0);
}
