//===- ColumnSpace.cpp - where loops over columns are cut ---------------------------------------------------------===//
//
// Goes from the tensors that a loop computes to the operands, and keeps track of how far splits and concatenations have
// moved the columns.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Kernels/ColumnSpace.h"
#include "codegen/Kernels/ElementwiseEmitter.h"
#include "codegen/Kernels/RowProgram.h"
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
    if (auto concat = dyn_cast<ConcatOp>(op))
      return visitConcat(concat, shift);
    if (auto rope = dyn_cast<RopeOp>(op))
      return visitRope(rope, shift);
    if (auto split = dyn_cast<SplitOp>(op)) {
      for (Value part : split.getParts().take_front(cast<OpResult>(tensor).getResultNumber()))
        shift += RowProgram::columns(part);
      return visit(split.getInput(), shift);
    }
    for (Value operand : op->getOperands())
      visit(operand, shift);
  }

  ColumnSpace finish() {
    ColumnSpace space{columns, 1, cuts};
    int64_t width = ropes.empty() ? columns : RowProgram::columns(ropes.front().first) / ropes.front().first.getHeads();
    bool periodic = !sums && cuts.empty() && llvm::all_of(ropes, [&](auto &entry) {
      return entry.second == 0 && RowProgram::columns(entry.first) == columns &&
             columns / int64_t(entry.first.getHeads()) == width;
    });
    if (periodic)
      space.heads = columns / width;
    for (auto [rope, shift] : ropes) {
      int64_t length = RowProgram::columns(rope) / rope.getHeads(), dim = rope.getRope().getDim();
      for (int64_t head = 0; head < int64_t(periodic ? 1 : rope.getHeads()); ++head) {
        space.cuts.insert(head * length - shift);
        space.cuts.insert((head + 1) * length - dim - shift);
        if (rope.getRope().getLayout() == RopeLayout::Half)
          space.cuts.insert((head + 1) * length - dim / 2 - shift);
        else
          space.cutsPairs |= ((head + 1) * length - dim - shift) % 2 != 0;
      }
    }
    return space;
  }

private:
  void visitConcat(ConcatOp concat, int64_t shift) {
    int64_t begin = 0;
    for (Value part : concat.getParts()) {
      int64_t end = begin + RowProgram::columns(part);
      if (begin > shift)
        cuts.insert(begin - shift);
      if (begin < shift + columns && end > shift)
        visit(part, shift - begin);
      begin = end;
    }
  }
  void visitRope(RopeOp rope, int64_t shift) {
    ropes.push_back({rope, shift});
    visit(rope.getInput(), shift);
  }

  int64_t columns;
  bool sums;
  std::set<int64_t> cuts;
  SmallVector<std::pair<RopeOp, int64_t>> ropes;
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
