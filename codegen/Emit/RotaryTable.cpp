//===- RotaryTable.cpp - cosines and sines of a rotary embedding --------------------------------------------------===//
//
// Fills the table; kernels of equal embeddings and lengths share it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/RotaryTable.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

/// Adds the rows of some positions to a table.
static void addRows(std::vector<float> &table, RopeAttr rope, int64_t rows, int64_t step, double factor) {
  int64_t dim = rope.getDim();
  SmallVector<double> frequencies = rope.getFrequencies();
  bool interleaved = rope.getLayout() == RopeLayout::Interleaved;
  for (int64_t row = 0; row < rows; ++row) {
    table.resize(table.size() + 2 * dim);
    float *cosines = &table[table.size() - 2 * dim], *sines = cosines + dim;
    for (int64_t pair = 0; pair < dim / 2; ++pair) {
      int64_t first = interleaved ? 2 * pair : pair, second = interleaved ? first + 1 : pair + dim / 2;
      double angle = double(row * step) * frequencies[pair];
      cosines[first] = cosines[second] = float(std::cos(angle) * factor);
      sines[first] = float(-std::sin(angle) * factor);
      sines[second] = float(std::sin(angle) * factor);
    }
  }
}

LLVM::GlobalOp hadal::createRotaryTable(OpBuilder &builder, Location loc, RopeAttr rope, int64_t positions) {
  std::vector<float> table;
  addRows(table, rope, positions, /*step=*/1, rope.getAttentionFactor());
  return createConstantTable(builder, loc, "rotary", table);
}

LLVM::GlobalOp hadal::createSplitRotaryTable(OpBuilder &builder, Location loc, RopeAttr rope, int64_t positions) {
  std::vector<float> table;
  addRows(table, rope, splitRotaryRows(positions), rotaryBlock, rope.getAttentionFactor());
  addRows(table, rope, std::min(positions, rotaryBlock), /*step=*/1, /*factor=*/1.0);
  return createConstantTable(builder, loc, "rotary_blocks", table);
}

RowPosition hadal::findRowPosition(KernelBuilder &k, Value position, int64_t count) {
  position = k.extend(position);
  Value isAbove = k.less(k.i64(-1), position), isBelow = k.less(position, k.i64(count));
  Value exists = arith::AndIOp::create(k.builder, k.loc, isAbove, isBelow);
  return {k.select(exists, position, k.i64(0)), exists};
}
