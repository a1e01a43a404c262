//===- AttentionBlocks.cpp - what the attention kernels share -----------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AttentionBlocks.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

Value ScratchLayout::take(int64_t elements) {
  Value address = k ? at(*k, k->scratch, next) : Value();
  next += int64_t(llvm::alignTo(elements, 16));
  return address;
}

TypedPointer AttentionBlocks::headAddress(TypedPointer base, const AttentionHead &head, Value position,
                                          int64_t channels) {
  Value row = k.add(k.mul(head.batch, shape.sequence), position);
  return at(k, base, k.mul(k.add(k.mul(row, shape.heads), head.head), channels));
}

TypedPointer AttentionBlocks::sharedAddress(TypedPointer base, const AttentionHead &head, Value position,
                                            int64_t channels) {
  return at(k, base, k.mul(k.add(k.mul(head.batch, shape.sequence), position), channels));
}

void AttentionBlocks::packQueryRows(Value destination, TypedPointer query, const AttentionHead &head, Value position,
                                    Value count) {
  TypedPointer source = headAddress(query, head, position, shape.query());
  RowNumbers rows{k.i64(shape.heads * shape.query())};
  packRows(k, destination, source, rows, count, k.i64(shape.nope), tiles.rows, queryRowStride());
  packRows(k, at(k, destination, tiles.ropeStart(shape)), at(k, source, shape.nope), rows, count, k.i64(shape.rope),
           tiles.rows, queryRowStride());
}

void AttentionBlocks::packKeysTransposed(Value destination, TypedPointer keyValue, TypedPointer rotaryKey,
                                         const AttentionHead &head, Value position, Value count) {
  TypedPointer nope = headAddress(keyValue, head, position, shape.keyValue());
  TypedPointer rope = sharedAddress(rotaryKey, head, position, shape.rope);
  packTransposed(k, destination, nope, {k.i64(shape.heads * shape.keyValue())}, count, k.i64(shape.nope), tiles.vectors,
                 keyPanelStride());
  packTransposed(k, at(k, destination, tiles.ropeStart(shape) * tiles.width()), rope, {k.i64(shape.rope)}, count,
                 k.i64(shape.rope), tiles.vectors, keyPanelStride());
}
