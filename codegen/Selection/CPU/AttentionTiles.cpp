//===- AttentionTiles.cpp - blocks of the attention kernels on CPUs -----------------------------------------------===//
//
// The register tile is the one that serves both roles a block of scores plays: rows of the product with the values, and
// columns of the transposed products of the gradient. The blocks of positions are no choice
// (docs/rationale/arithmetic.md); with everything that is packed beside them they fit into the second-level cache.
//
// On AMX products take a sixteenth of their time by registers, so that two more things count: the exponentials, and the
// packing of tiles. What they cost is reckoned as in TileBlocks.cpp, and has not been measured.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/CPU/AttentionTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

/// A block of queries: whole tiles where one block takes all of them.
static int64_t queryBlockOf(const AttentionShape &shape, int64_t rows) {
  return std::min(arithmetic::keyBlock, int64_t(llvm::alignTo(std::max<int64_t>(1, shape.sequence), rows)));
}

/// The register tile of a class of CPUs.
static std::pair<int64_t, int64_t> registerTile(const TargetDescription &target) {
  if (target.vectorRegisters >= 32)
    return {8, 2};
  return {target.registerLanes >= 8 ? 6 : 2, 1};
}

/// Pairs of a query and a key, of all heads, with so many queries in a sample. A causal sequence has about half of all
/// pairs; queries that stand elsewhere may see all keys.
static double countPairs(const AttentionShape &shape, int64_t queries) {
  double keys = shape.isPlain() ? double(shape.sequence + 1) / 2.0 : double(shape.keys);
  return double(shape.batch * shape.heads * queries) * keys;
}

AttentionTiles AttentionTiles::of(ChoiceInterface choice, const AttentionShape &shape,
                                  const TargetDescription &target) {
  if (!choice)
    return onTileRegisters(shape, target);
  auto tile = cast<choices::AttentionTilesAttr>(choice);
  return {target.lanes, tile.getRows(), tile.getVectors(), queryBlockOf(shape, tile.getRows()), shape.factorsAreBF16};
}

AttentionTiles AttentionTiles::onTileRegisters(const AttentionShape &shape, const TargetDescription &target) {
  constexpr int64_t rows = 32;
  return {target.lanes,
          rows,
          rows / target.lanes,
          queryBlockOf(shape, rows),
          /*inSteps=*/true,
          /*inTileRegisters=*/true};
}

static Candidate proposeRegisterTile(const AttentionShape &shape, const AttentionWork &work, KernelOp kernel,
                                     const TargetDescription &target) {
  auto [rows, vectors] = registerTile(target);
  double multiplyAdds = countPairs(shape, shape.sequence) * double(work.multiplyAddsPerPair);
  return {choices::AttentionTilesAttr::get(kernel.getContext(), rows, vectors),
          predictMultiplyAdds(multiplyAdds, kernel, target, /*launches=*/1)};
}

static Candidate proposeSquares(const AttentionShape &shape, const AttentionWork &work, KernelOp kernel,
                                const TargetDescription &target) {
  constexpr double exponentialCycles = 20, packingCycles = 110;
  double block = double(AttentionTiles::keyBlock), tile = double(arithmetic::lanes * arithmetic::depthStep);
  // Rows beyond the last query are multiplied as well; exponentials are those of real ones.
  double products = countPairs(shape, llvm::alignTo(shape.sequence, 32)) * double(work.multiplyAddsPerPair) /
                    (tile * double(arithmetic::lanes)) * tileProductCycles;
  double exponentials = countPairs(shape, shape.sequence) / double(target.registerLanes) * exponentialCycles;
  double pairsOfBlocks = countPairs(shape, llvm::divideCeil(shape.sequence, AttentionTiles::keyBlock)) / block;
  double packing = pairsOfBlocks * block * double(work.packedChannels) / tile * packingCycles;
  double cycles = double(modelledCores) * target.clock;
  PredictedTime stream = predictStream(kernel, target, /*launches=*/1);
  return {{}, PredictedTime::overlapped((products + exponentials + packing) / cycles, stream.memory, stream.overhead)};
}

static FailureOr<AttentionTiles> checkRegisterTile(const KernelConfiguration &configuration,
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

static FailureOr<AttentionTiles> checkSquares(const KernelConfiguration &configuration, const AttentionShape &shape,
                                              const TargetDescription &target, EmitError emitError) {
  if (configuration.choice)
    return emitError() << "the strategy '" << configuration.strategy << "' has nothing to choose";
  if (!target.hasTiles())
    return emitError() << "this CPU has no AMX: name one that has (sapphirerapids), or compile with --emulate-amx";
  return AttentionTiles::onTileRegisters(shape, target);
}

SmallVector<Candidate> hadal::proposeAttention(ProductUnit unit, const AttentionShape &shape, const AttentionWork &work,
                                               KernelOp kernel, const TargetDescription &target) {
  if (unit == ProductUnit::Registers)
    return {proposeRegisterTile(shape, work, kernel, target)};
  if (!target.hasTiles())
    return {};
  return {proposeSquares(shape, work, kernel, target)};
}

FailureOr<AttentionTiles> hadal::checkAttentionTiles(ProductUnit unit, const KernelConfiguration &configuration,
                                                     const AttentionShape &shape, const TargetDescription &target,
                                                     EmitError emitError) {
  return unit == ProductUnit::Registers ? checkRegisterTile(configuration, shape, target, emitError)
                                        : checkSquares(configuration, shape, target, emitError);
}

int64_t AttentionTiles::padded(int64_t columns) const { return int64_t(llvm::alignTo(columns, width())); }

int64_t AttentionTiles::depthMultiple() const { return inSteps ? arithmetic::depthStep : registerTileUnroll; }
int64_t AttentionTiles::depthOf(int64_t channels) const { return int64_t(llvm::alignTo(channels, depthMultiple())); }
int64_t AttentionTiles::roomOf(int64_t depth) const {
  return int64_t(llvm::alignTo(depth, std::max(lanes, depthMultiple())));
}

int64_t AttentionTiles::queryRoom(const AttentionShape &shape) const {
  return roomOf(ropeStart(shape) + int64_t(llvm::alignTo(shape.rope, lanes)));
}

int64_t AttentionTiles::leftStride(int64_t room) const {
  // A little more than the room, so that the rows of a tile fall into different sets of the cache: 64 bytes.
  return inTileRegisters ? room + arithmetic::depthStep : room + lanes;
}
int64_t AttentionTiles::leftWords(int64_t rows, int64_t room) const {
  return rows * leftStride(room) / (inTileRegisters ? 2 : 1);
}
int64_t AttentionTiles::rightWords(int64_t columns, int64_t room) const {
  return padded(columns) * room / (inTileRegisters ? 2 : 1);
}
