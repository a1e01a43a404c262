//===- RotaryTable.cpp - cosines and sines of a rotary embedding --------------------------------------------------===//
//
// Fills the table; kernels of equal embeddings and lengths share it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Kernels/RotaryTable.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

LLVM::GlobalOp hadal::createRotaryTable(OpBuilder &builder, Location loc, RopeAttr rope, int64_t positions) {
  int64_t dim = rope.getDim();
  SmallVector<double> frequencies = rope.getFrequencies();
  double factor = rope.getAttentionFactor();
  std::vector<float> table(positions * 2 * dim);
  for (int64_t position = 0; position < positions; ++position)
    for (int64_t pair = 0; pair < dim / 2; ++pair) {
      bool interleaved = rope.getLayout() == RopeLayout::Interleaved;
      int64_t first = interleaved ? 2 * pair : pair, second = interleaved ? first + 1 : pair + dim / 2;
      double angle = double(position) * frequencies[pair];
      float *cosines = &table[position * 2 * dim], *sines = cosines + dim;
      cosines[first] = cosines[second] = float(std::cos(angle) * factor);
      sines[first] = float(-std::sin(angle) * factor);
      sines[second] = float(std::sin(angle) * factor);
    }
  return createConstantTable(builder, loc, "rotary", table);
}
