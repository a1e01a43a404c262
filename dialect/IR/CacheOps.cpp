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

LogicalResult LatentAttentionOp::verify() {
  RankedTensorType absorbed = getAbsorbed().getType(), query = getQuery().getType();
  RankedTensorType latents = getLatents().getType(), rotaryKeys = getRotaryKeys().getType();
  int64_t heads = getHeads();
  if (failed(verifyPages(*this, latents, getPages().getType())) ||
      failed(Checks(*this)
                 .length("heads", heads)
                 .rank("the absorbed query", absorbed, 3, "batch × rows × heads·rank")
                 .rank("the query", query, 3, "batch × rows × heads·(nope + rope)")
                 .rows("the query", query)
                 .rank("the rotary keys", rotaryKeys, 3, "pages × positions of a page × rope")
                 .rows("the rotary keys", rotaryKeys)))
    return failure();
  int64_t rope = channels(rotaryKeys);
  return Checks(*this)
      .shape("the absorbed query", absorbed, withChannels(absorbed, heads * channels(latents)),
             "batch × rows × heads·rank")
      .shape("the query", query, withChannels(absorbed, channels(query)), "batch × rows × heads·(nope + rope)")
      .expect(channels(query) % heads == 0 && channels(query) / heads >= rope,
              "expects " + Twine(heads) + " equal heads of at least the " + Twine(rope) +
                  " channels of the rotary keys, got " + Twine(channels(query)) + " channels")
      .shape("the rotary keys", rotaryKeys, withChannels(latents, rope),
             "the latents' pages × positions of a page × rope")
      .shape("the table of pages", getPages().getType(), {absorbed.getDimSize(0), channels(getPages().getType())},
             "batch × pages of a sequence")
      .shape("the positions", getPositions().getType(), leading(absorbed), "batch × rows")
      .shape("the lengths", getLengths().getType(), {absorbed.getDimSize(0)}, "batch")
      .shape("the result", getType(), absorbed.getShape(), "batch × rows × heads·rank")
      .sameElementType({absorbed, query})
      .sameElementType({latents, rotaryKeys})
      .productTypes(absorbed, getType())
      .positiveReal("scale", getScale());
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
