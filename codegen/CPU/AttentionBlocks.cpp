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

void SeenKeys::moveTo(Value batch, Value first, Value count) {
  this->first = first;
  this->count = count;
  largest = k.add(first, count);
  if (shape.isPlain())
    return;
  auto loadNumber = [&](unsigned operand, Value index) {
    return k.extend(k.load(k.i32(), k.argument(operand), index));
  };
  Value there = k.i64(shape.keys);
  if (shape.keyLengths)
    there = k.max(k.i64(0), k.min(there, loadNumber(*shape.keyLengths, batch)));
  largest = k.forReduce(k.i64(0), count, 1, k.i64(0), [&](Value row, ValueRange carried) -> SmallVector<Value> {
    Value index = k.add(first, row), position = index;
    if (shape.positions)
      position = loadNumber(*shape.positions, k.add(k.mul(batch, shape.sequence), index));
    Value seen = k.max(k.i64(0), k.min(there, k.add(position, 1)));
    k.store(k.truncate(seen), counts, row);
    return {k.max(carried[0], seen)};
  })[0];
}

Value SeenKeys::of(Value row) {
  if (shape.isPlain())
    return k.add(k.add(first, row), 1);
  return k.extend(k.load(k.i32(), counts, k.min(row, k.sub(count, k.i64(1)))));
}

Value SeenKeys::least(Value row, int64_t rows) {
  Value result = of(row);
  for (int64_t i = 1; i < rows && !shape.isPlain(); ++i)
    result = k.min(result, of(k.add(row, i)));
  return result;
}

Value SeenKeys::most(Value row, int64_t rows) {
  if (shape.isPlain())
    return k.add(k.add(first, row), rows);
  Value result = of(row);
  for (int64_t i = 1; i < rows; ++i)
    result = k.max(result, of(k.add(row, i)));
  return result;
}

TypedPointer AttentionBlocks::headAddress(TypedPointer base, const AttentionHead &head, Value query, int64_t channels) {
  Value row = k.add(k.mul(head.batch, shape.sequence), query);
  return at(k, base, k.mul(k.add(k.mul(row, shape.heads), head.head), channels));
}

TypedPointer AttentionBlocks::keyAddress(TypedPointer base, const AttentionHead &head, Value key) {
  Value row = k.add(k.mul(head.batch, shape.keys), key);
  return at(k, base, k.mul(k.add(k.mul(row, shape.heads), head.head), shape.keyValue()));
}

TypedPointer AttentionBlocks::sharedAddress(TypedPointer base, const AttentionHead &head, Value key) {
  return at(k, base, k.mul(k.add(k.mul(head.batch, shape.keys), key), shape.rope));
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
  TypedPointer nope = keyAddress(keyValue, head, position);
  TypedPointer rope = sharedAddress(rotaryKey, head, position);
  packTransposed(k, destination, nope, {k.i64(shape.heads * shape.keyValue())}, count, k.i64(shape.nope), tiles.vectors,
                 keyPanelStride());
  packTransposed(k, at(k, destination, tiles.ropeStart(shape) * tiles.width()), rope, {k.i64(shape.rope)}, count,
                 k.i64(shape.rope), tiles.vectors, keyPanelStride());
}
