//===- AttentionTiles.cpp - blocks of the attention kernels on CPUs -----------------------------------------------===//
//
// The register tile is the one that serves both roles a block of scores plays: rows of the product with the values, and
// columns of the transposed products of the gradient. The blocks of positions are no choice
// (docs/rationale/arithmetic.md); with everything that is packed beside them they fit into the second-level cache.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/AttentionTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

/// The depth in which micro-kernels advance (codegen/CPU/MicroKernel.h).
static constexpr int64_t unroll = 4;

/// A block of queries: whole register tiles where one block takes all of them.
static int64_t queryBlockOf(const AttentionShape &shape, int64_t rows) {
  return std::min(arithmetic::keyBlock, int64_t(llvm::alignTo(std::max<int64_t>(1, shape.sequence), rows)));
}

AttentionTiles hadal::chooseAttentionTiles(const AttentionShape &shape, const TargetDescription &target) {
  AttentionTiles tiles{target.lanes, 2, 1, 0};
  if (target.vectorRegisters >= 32) {
    tiles.rows = 8;
    tiles.vectors = 2;
  } else if (target.registerLanes >= 8) {
    tiles.rows = 6;
  }
  tiles.queryBlock = queryBlockOf(shape, tiles.rows);
  return tiles;
}

void AttentionTiles::record(KernelConfiguration &configuration) const {
  configuration.set("rows", rows);
  configuration.set("vectors", vectors);
}

AttentionTiles AttentionTiles::read(const KernelConfiguration &configuration, const AttentionShape &shape,
                                    const TargetDescription &target) {
  int64_t rows = configuration.get("rows");
  return {target.lanes, rows, configuration.get("vectors"), queryBlockOf(shape, rows)};
}

int64_t AttentionTiles::padded(int64_t columns) const { return int64_t(llvm::alignTo(columns, width())); }
int64_t AttentionTiles::ropeStart(const AttentionShape &shape) const {
  return int64_t(llvm::alignTo(shape.nope, unroll));
}
int64_t AttentionTiles::queryDepth(const AttentionShape &shape) const {
  return ropeStart(shape) + int64_t(llvm::alignTo(shape.rope, unroll));
}
int64_t AttentionTiles::queryRoom(const AttentionShape &shape) const {
  // Each part is packed in whole vectors of the depth.
  int64_t ropeEnd = ropeStart(shape) + int64_t(llvm::alignTo(shape.rope, lanes));
  return int64_t(llvm::alignTo(std::max<int64_t>(ropeEnd, llvm::alignTo(shape.nope, lanes)), lanes));
}
