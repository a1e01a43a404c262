//===- Packing.cpp - copies of blocks of matrices in the order in which micro-kernels read them -------------------===//
//
// Each copy is a function that all kernels of the module share; strides and counts are its arguments, the tile is part
// of its name.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/Packing.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;

namespace {

/// What a packing function copies, as its body sees it.
struct PackedBlock {
  Value destination;
  TypedPointer source;
  RowNumbers rows;
  Value count, depth;
  /// A panel is padded with zeros to a multiple of this depth.
  int64_t multiple;
  /// Rows behind these that are packed next; or null.
  Value following = {};
};

/// Calls the shared packing function `name` on a block, whose parts are its arguments. `body` gets them as they are in
/// the callee.
void callPacking(KernelBuilder &k, std::string name, const PackedBlock &block,
                 function_ref<void(KernelBuilder &, const PackedBlock &)> body) {
  const RowNumbers &rows = block.rows;
  SmallVector<Value> arguments = {block.destination, block.source.pointer, block.count, block.depth, rows.stride};
  Type element = block.source.element;
  if (element && !element.isF32()) {
    llvm::raw_string_ostream stream(name);
    stream << '.' << element;
  }
  if (block.multiple != microKernelUnroll)
    name += llvm::formatv(".padded.{0}", block.multiple);
  if (rows.indices) {
    name += llvm::formatv(".gathered.{0}", rows.divisor);
    arguments.push_back(rows.indices);
  }
  if (block.following) {
    name += ".ahead";
    arguments.push_back(block.following);
  }
  SmallVector<Type> types = llvm::to_vector(llvm::map_range(arguments, [](Value value) { return value.getType(); }));
  auto function = getSharedFunction(k, name, types, [&](KernelBuilder &inner, ValueRange values) {
    RowNumbers calleeRows{values[4], rows.indices ? values[5] : Value(), rows.divisor};
    body(inner, {values[0],
                 {values[1], element},
                 calleeRows,
                 values[2],
                 values[3],
                 block.multiple,
                 block.following ? values.back() : Value()});
  });
  callFunction(k, function, arguments);
}

/// body(offset) for every vector of the padding that whole vectors of `depth` elements leave.
void forPadding(KernelBuilder &k, Value depth, int64_t multiple, function_ref<void(Value offset)> body) {
  if (k.lanes % multiple != 0)
    k.forLoop(roundUp(k, depth, k.lanes), roundUp(k, depth, multiple), k.lanes, body);
}

/// The lanes of vectors `a` and `b` picked in blocks of `block` lanes: numbers below the count of blocks are a's.
Value pickBlocks(KernelBuilder &k, Value a, Value b, int64_t block, ArrayRef<int64_t> numbers) {
  SmallVector<int64_t> picked;
  for (int64_t number : numbers)
    for (int64_t i = 0; i < block; ++i)
      picked.push_back(number * block + i);
  return vector::ShuffleOp::create(k.builder, k.loc, a, b, picked);
}

/// Within each 128 bits: the low (or high) halves of `a` and `b`, interleaved in units of `unit` lanes, as x86's
/// unpack.
Value unpack(KernelBuilder &k, Value a, Value b, int64_t unit, bool high) {
  SmallVector<int64_t> numbers;
  int64_t units = k.lanes / unit, perGroup = 4 / unit;
  for (int64_t group = 0; group < units; group += perGroup)
    for (int64_t i = 0; i < perGroup / 2; ++i) {
      int64_t number = group + i + (high ? perGroup / 2 : 0);
      numbers.append({number, number + units});
    }
  return pickBlocks(k, a, b, unit, numbers);
}

/// Transposes a square of 128-bit blocks: vector i, block j becomes vector j, block i. Vectors 2i and 2i+1 are cut into
/// their even and their odd blocks; the evens, transposed among themselves, are the even results, the odds the odd
/// ones.
SmallVector<Value> transposeBlocks(KernelBuilder &k, ArrayRef<Value> vectors) {
  if (vectors.size() == 1)
    return llvm::to_vector(vectors);
  int64_t blocks = k.lanes / 4;
  SmallVector<int64_t> even, odd;
  for (int64_t i = 0; i < 2 * blocks; i += 2) {
    even.push_back(i);
    odd.push_back(i + 1);
  }
  SmallVector<Value> evens, odds, result;
  for (size_t i = 0; i < vectors.size(); i += 2) {
    evens.push_back(pickBlocks(k, vectors[i], vectors[i + 1], 4, even));
    odds.push_back(pickBlocks(k, vectors[i], vectors[i + 1], 4, odd));
  }
  for (auto [first, second] : llvm::zip(transposeBlocks(k, evens), transposeBlocks(k, odds)))
    result.append({first, second});
  return result;
}

} // namespace

TypedPointer hadal::rowAddress(KernelBuilder &k, TypedPointer source, const RowNumbers &rows, Value number) {
  if (rows.indices)
    number = k.div(k.extend(k.load(k.i32(), rows.indices, number)), rows.divisor);
  return at(k, source, k.mul(number, rows.stride));
}

SmallVector<Value> hadal::transposeSquare(KernelBuilder &k, ArrayRef<Value> rows) {
  int64_t groups = k.lanes / 4;
  // quads[c][g]: block q holds column 4q + c of the rows 4g to 4g + 3.
  SmallVector<SmallVector<Value>> quads(4);
  for (int64_t g = 0; g < groups; ++g) {
    ArrayRef<Value> r = rows.slice(4 * g, 4);
    Value low01 = unpack(k, r[0], r[1], 1, false), high01 = unpack(k, r[0], r[1], 1, true);
    Value low23 = unpack(k, r[2], r[3], 1, false), high23 = unpack(k, r[2], r[3], 1, true);
    quads[0].push_back(unpack(k, low01, low23, 2, false));
    quads[1].push_back(unpack(k, low01, low23, 2, true));
    quads[2].push_back(unpack(k, high01, high23, 2, false));
    quads[3].push_back(unpack(k, high01, high23, 2, true));
  }
  SmallVector<Value> columns(k.lanes);
  for (int64_t c = 0; c < 4; ++c)
    for (auto [q, column] : llvm::enumerate(transposeBlocks(k, quads[c])))
      columns[4 * q + c] = column;
  return columns;
}

void hadal::packRows(KernelBuilder &outer, Value destination, TypedPointer source, const RowNumbers &rows, Value count,
                     Value depth, int64_t panelRows, int64_t rowStride, int64_t multiple, Value following) {
  assert(rowStride % outer.lanes == 0 && "the last vector of a row is stored whole");
  std::string name = llvm::formatv("hadal.pack_rows.{0}.{1}", panelRows, rowStride);
  PackedBlock packed{destination, source, rows, count, depth, multiple, following};
  callPacking(outer, name, packed, [&](KernelBuilder &k, const PackedBlock &block) {
    auto [destination, source, rows, count, depth, multiple, following] = block;
    Value last = k.sub(count, k.i64(1));
    k.forLoop(k.i64(0), roundUp(k, count, panelRows), 1, [&](Value row) {
      TypedPointer from = rowAddress(k, source, rows, k.min(row, last)), next;
      if (following)
        next = rowAddress(k, source, rows, k.min(k.add(row, count), k.add(last, following)));
      Value to = at(k, destination, k.mul(row, rowStride));
      forVectors(k, depth, 1, [&](Value offset, Value mask) {
        if (following)
          k.prefetch(next.pointer, offset, next.element ? next.element : k.f32(), /*forWriting=*/false, /*later=*/true);
        k.storeVector(k.loadVector(from, offset, mask), to, offset);
      });
      forPadding(k, depth, multiple, [&](Value offset) { k.storeVector(k.splat(0.0), to, offset); });
    });
  });
}

void hadal::packTransposed(KernelBuilder &outer, Value destination, TypedPointer source, const RowNumbers &rows,
                           Value count, Value depth, int64_t vectors, int64_t panelStride, int64_t multiple) {
  // Squares are transposed in registers: as wide as those of the CPU, whatever a vector is elsewhere.
  int64_t lanes = outer.target.registerLanes, groupsOfPanel = vectors * outer.lanes / lanes;
  assert(panelStride % (lanes * lanes * groupsOfPanel) == 0 && "whole squares are stored");
  std::string name = llvm::formatv("hadal.pack_transposed.{0}.{1}", vectors, panelStride);
  PackedBlock packed{destination, source, rows, count, depth, multiple};
  callPacking(outer, name, packed, [&](KernelBuilder &wide, const PackedBlock &block) {
    KernelBuilder k(wide.builder, wide.loc, wide.target, lanes);
    auto [destination, source, rows, count, depth, multiple, following] = block;
    Value last = k.sub(count, k.i64(1));
    Value groups = k.mul(ceilDiv(k, count, groupsOfPanel * lanes), groupsOfPanel);
    k.forLoop(k.i64(0), groups, 1, [&](Value group) {
      SmallVector<TypedPointer> from;
      for (int64_t i = 0; i < lanes; ++i)
        from.push_back(rowAddress(k, source, rows, k.min(k.add(k.mul(group, lanes), i), last)));
      Value to = at(k, destination, k.mul(k.div(group, groupsOfPanel), panelStride));
      to = at(k, to, k.mul(k.rem(group, groupsOfPanel), lanes));
      auto storeSquare = [&](ArrayRef<Value> columns, Value offset) {
        Value square = at(k, to, k.mul(offset, groupsOfPanel * lanes));
        for (auto [i, column] : llvm::enumerate(columns))
          k.storeVector(column, square, k.i64(int64_t(i) * groupsOfPanel * lanes));
      };
      forVectors(k, depth, 1, [&](Value offset, Value mask) {
        SmallVector<Value> loaded;
        for (TypedPointer row : from)
          loaded.push_back(k.loadVector(row, offset, mask));
        storeSquare(transposeSquare(k, loaded), offset);
      });
      forPadding(k, depth, multiple,
                 [&](Value offset) { storeSquare(SmallVector<Value>(lanes, k.splat(0.0)), offset); });
    });
  });
}

void hadal::packColumns(KernelBuilder &outer, Value destination, TypedPointer source, const RowNumbers &rows,
                        Value count, Value depth, int64_t width, int64_t storedWidth, int64_t panelStride,
                        int64_t multiple) {
  std::string name = llvm::formatv("hadal.pack_columns.{0}.{1}.{2}", width, storedWidth, panelStride);
  PackedBlock packed{destination, source, rows, count, depth, multiple};
  callPacking(outer, name, packed, [&](KernelBuilder &k, const PackedBlock &block) {
    auto [destination, source, rows, count, depth, multiple, following] = block;
    Value panels = ceilDiv(k, count, width);
    // The panels whose stored columns (a few more than the panel has, when the width is no multiple of the
    // lanes) lie inside the row.
    Value whole = k.div(k.max(k.add(count, width - storedWidth), k.i64(0)), width);
    auto forColumns = [&](Value panel, Value depthIndex, function_ref<void(Value to, Value column)> body) {
      Value to = at(k, at(k, destination, k.mul(panel, panelStride)), k.mul(depthIndex, storedWidth));
      for (int64_t v = 0; v < storedWidth; v += k.lanes)
        body(at(k, to, v), k.add(k.mul(panel, width), v));
    };
    k.forLoop(k.i64(0), depth, 1, [&](Value depthIndex) {
      TypedPointer from = rowAddress(k, source, rows, depthIndex);
      k.forLoop(k.i64(0), whole, 1, [&](Value panel) {
        forColumns(panel, depthIndex,
                   [&](Value to, Value column) { k.storeVector(k.loadVector(from, column), to, k.i64(0)); });
      });
      k.forLoop(whole, panels, 1, [&](Value panel) {
        forColumns(panel, depthIndex, [&](Value to, Value column) {
          k.storeVector(k.loadVector(from, column, k.maskFor(k.sub(count, column))), to, k.i64(0));
        });
      });
    });
    k.forLoop(depth, roundUp(k, depth, multiple), 1, [&](Value depthIndex) {
      k.forLoop(k.i64(0), panels, 1, [&](Value panel) {
        forColumns(panel, depthIndex, [&](Value to, Value) { k.storeVector(k.splat(0.0), to, k.i64(0)); });
      });
    });
  });
}
