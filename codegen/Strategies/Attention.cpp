//===- Attention.cpp - blocks of the attention kernels on CPUs ----------------------------------------------------===//
//
// The register tile is the one that serves both roles a block of scores plays: rows of the product with the values, and
// columns of the transposed products of the gradient. The blocks are as large as fits into the second-level cache with
// everything that is packed beside them, and no larger than the sequence.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Strategies/Attention.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

/// The depth in which micro-kernels advance (codegen/CPU/MicroKernel.h).
constexpr int64_t unroll = 4;

template <typename OpTy> AttentionShape shapeOf(OpTy op) {
  auto query = cast<RankedTensorType>(op.getQuery().getType()).getShape();
  int64_t heads = op.getHeads(), nope = op.getNope();
  return {query[0],
          query[1],
          heads,
          nope,
          query[2] / heads - nope,
          int64_t(op.getValue()),
          op.getScale().convertToDouble()};
}

} // namespace

AttentionShape AttentionShape::of(AttentionOp op) { return shapeOf(op); }
AttentionShape AttentionShape::of(AttentionGradientOp op) { return shapeOf(op); }

void hadal::refuseAttention(KernelOp kernel, Refusals &refusals) {
  Block &body = kernel.getBody().front();
  Operation *attention = nullptr;
  for (Operation &op : body.without_terminator()) {
    if (!isa<AttentionOp, AttentionGradientOp>(op))
      return (void)refusals.add(&op, "cannot stand beside attention, whose kernel is that one operation");
    if (attention)
      return (void)refusals.add(&op, "is a second attention: a kernel has one");
    attention = &op;
  }
  if (!attention)
    return (void)refusals.add(kernel, "of this kind has an attention");
  if (!llvm::equal(attention->getOperands(), body.getArguments()) ||
      !llvm::equal(attention->getResults(), body.getTerminator()->getOperands()))
    (void)refusals.add(attention,
                       "has to read the kernel's operands in their order and yield all of its results in theirs");
}

AttentionTiles hadal::chooseAttentionTiles(const AttentionShape &shape, const TargetDescription &target) {
  AttentionTiles tiles{target.lanes, 6, 2, 96, 96};
  if (target.vectorRegisters >= 32) {
    tiles.rows = 8;
    tiles.queryBlock = tiles.keyBlock = 128;
  }
  // Short sequences take smaller blocks, so that there are tasks enough and little is computed beyond the diagonal.
  while (tiles.keyBlock / 2 >= shape.sequence && tiles.keyBlock / 2 % tiles.width() == 0)
    tiles.keyBlock /= 2;
  tiles.queryBlock =
      std::min(tiles.queryBlock, int64_t(llvm::alignTo(std::max<int64_t>(1, shape.sequence), tiles.rows)));
  return tiles;
}

void AttentionTiles::record(KernelConfiguration &configuration) const {
  configuration.set("rows", rows);
  configuration.set("vectors", vectors);
  configuration.set("query_block", queryBlock);
  configuration.set("key_block", keyBlock);
}

AttentionTiles AttentionTiles::read(const KernelConfiguration &configuration, const TargetDescription &target) {
  return {target.lanes, configuration.get("rows"), configuration.get("vectors"), configuration.get("query_block"),
          configuration.get("key_block")};
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
