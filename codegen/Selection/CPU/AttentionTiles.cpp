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

/// The register tile of a class of CPUs.
static std::pair<int64_t, int64_t> registerTile(const TargetDescription &target) {
  if (target.vectorRegisters >= 32)
    return {8, 2};
  return {target.registerLanes >= 8 ? 6 : 2, 1};
}

AttentionTiles AttentionTiles::of(choices::AttentionTilesAttr choice, const AttentionShape &shape,
                                  const TargetDescription &target) {
  return {target.lanes, choice.getRows(), choice.getVectors(), queryBlockOf(shape, choice.getRows())};
}

Candidate hadal::proposeAttention(const AttentionShape &shape, int64_t multiplyAddsPerPair, KernelOp kernel,
                                  const TargetDescription &target) {
  auto [rows, vectors] = registerTile(target);
  // A causal sequence has about half of all pairs; queries that stand elsewhere may see all keys.
  double keys = shape.isPlain() ? double(shape.sequence + 1) / 2.0 : double(shape.keys);
  double pairs = double(shape.batch * shape.heads * shape.sequence) * keys;
  return {choices::AttentionTilesAttr::get(kernel.getContext(), rows, vectors),
          predictMultiplyAdds(pairs * double(multiplyAddsPerPair), kernel, target, /*launches=*/1)};
}

FailureOr<AttentionTiles> hadal::checkAttentionTiles(const KernelConfiguration &configuration,
                                                     const AttentionShape &shape, const TargetDescription &target,
                                                     EmitError emitError) {
  auto choice = expectChoice<choices::AttentionTilesAttr>(configuration, emitError);
  if (!choice)
    return failure();
  auto [rows, vectors] = registerTile(target);
  if (choice.getRows() != rows || choice.getVectors() != vectors)
    return emitError() << "attention has register tiles of " << rows << " x " << vectors << " on this CPU, not of "
                       << choice.getRows() << " x " << choice.getVectors();
  return AttentionTiles::of(choice, shape, target);
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
