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
  Value address = k ? at(*k, base, next) : Value();
  next += int64_t(llvm::alignTo(elements, 16));
  return address;
}

void SeenKeys::moveTo(Value batch, Value first, Value count) {
  this->first = first;
  this->count = count;
  largest = k.add(first, count);
  smallest = k.add(first, 1);
  if (shape.isPlain())
    return;
  auto loadNumber = [&](unsigned operand, Value index) {
    return k.extend(k.load(k.i32(), k.argument(operand), index));
  };
  Value there = k.i64(shape.keys);
  if (shape.keyLengths)
    there = k.max(k.i64(0), k.min(there, loadNumber(*shape.keyLengths, batch)));
  SmallVector<Value> bounds =
      k.forReduce(k.i64(0), count, 1, {k.i64(0), there}, [&](Value row, ValueRange carried) -> SmallVector<Value> {
        Value index = k.add(first, row), position = index;
        if (shape.positions)
          position = loadNumber(*shape.positions, k.add(k.mul(batch, shape.sequence), index));
        Value seen = k.max(k.i64(0), k.min(there, k.add(position, 1)));
        k.store(k.truncate(seen), counts, row);
        return {k.max(carried[0], seen), k.min(carried[1], seen)};
      });
  largest = bounds[0];
  smallest = bounds[1];
}

Value SeenKeys::of(Value row) {
  if (shape.isPlain())
    return k.add(k.add(first, row), 1);
  return k.extend(k.load(k.i32(), counts, k.min(row, k.sub(count, k.i64(1)))));
}

Value SeenKeys::most(Value row, int64_t rows) {
  if (shape.isPlain())
    return k.add(k.add(first, row), rows);
  return k.forReduce(row, k.add(row, rows), 1, k.i64(0),
                     [&](Value i, ValueRange carried) -> SmallVector<Value> { return {k.max(carried[0], of(i))}; })[0];
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
  AttentionFactor rows{destination, queryRoom};
  TypedPointer source = headAddress(query, head, position, shape.query());
  packLeft(rows, source, queryStride(), count, shape.nope);
  packLeft(leftFromDepth(rows, tiles.ropeStart(shape)), at(k, source, shape.nope), queryStride(), count, shape.rope);
}

void AttentionBlocks::packKeyColumns(Value destination, TypedPointer keyValue, TypedPointer rotaryKey,
                                     const AttentionHead &head, Value position, Value count) {
  AttentionFactor columns{destination, queryRoom}, rope = rightFromDepth(columns, k.i64(tiles.ropeStart(shape)));
  packRight(columns, keyAddress(keyValue, head, position), keyStride(), /*depthContiguous=*/true, count,
            k.i64(shape.nope));
  packRight(rope, sharedAddress(rotaryKey, head, position), k.i64(shape.rope), /*depthContiguous=*/true, count,
            k.i64(shape.rope));
}
