//===- CacheOps.cpp - the cache of a program that generates -------------------------------------------------------===//
//
// Checks of the family's operations.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

/// A cache and the table that says where the pages of sequences lie in it.
static LogicalResult verifyPages(Operation *op, RankedTensorType cache, RankedTensorType pages) {
  return Checks(op)
      .rank("the cache", cache, 3, "pages × positions of a page × channels")
      .rows("the cache", cache)
      .rank("the table of pages", pages, 2, "sequence × pages of a sequence");
}

LogicalResult WritePagesOp::verify() {
  RankedTensorType cache = getCache().getType(), rows = getRows().getType(), pages = getPages().getType();
  if (failed(verifyPages(*this, cache, pages)) ||
      failed(Checks(*this).rank("the rows", rows, 3, "sequence × rows × channels")))
    return failure();
  return Checks(*this)
      .shape("the rows", rows, {pages.getDimSize(0), rows.getDimSize(1), channels(cache)},
             "sequence × rows × the cache's channels")
      .shape("the positions", getPositions().getType(), leading(rows), "the rows' leading dimensions")
      .sameElementType({cache, rows});
}

LogicalResult ReadPagesOp::verify() {
  RankedTensorType cache = getCache().getType(), pages = getPages().getType();
  if (failed(verifyPages(*this, cache, pages)))
    return failure();
  int64_t positions = countElements({pages.getDimSize(1), cache.getDimSize(1)});
  return Checks(*this)
      .shape("the lengths", getLengths().getType(), {pages.getDimSize(0)}, "sequence")
      .shape("the result", getType(), {pages.getDimSize(0), positions, channels(cache)},
             "sequence × positions of its pages × channels")
      .sameElementType({cache, getType()});
}

LogicalResult PickRowsOp::verify() {
  RankedTensorType input = getInput().getType(), indices = getIndices().getType();
  if (failed(Checks(*this)
                 .rank("the input", input, 3, "sequence × rows × channels")
                 .rank("the indices", indices, 2, "sequence × chosen rows")))
    return failure();
  return Checks(*this)
      .shape("the indices", indices, {input.getDimSize(0), indices.getDimSize(1)},
             "the input's sequences × chosen rows")
      .shape("the result", getType(), {input.getDimSize(0), indices.getDimSize(1), channels(input)},
             "sequence × chosen rows × the input's channels")
      .sameElementType({input, getType()});
}

// The rows that are written lie elsewhere; all others are there already.
int64_t WritePagesOp::getInPlaceOperand(unsigned) { return 0; }

bool PickRowsOp::onlyMoves() { return true; }
bool ReadPagesOp::onlyMoves() { return true; }
bool WritePagesOp::onlyMoves() { return true; }
