//===- ThreadTiles.cpp - tile sizes of matrix products by plain threads of a GPU ----------------------------------===//
//
// The model counts cycles of one multiprocessor. A step of the depth costs a block
//
//   issue    a multiply-add per thread, number and depth; four warps issue at a time
//   shared   16-byte reads of both fragments, two cycles per warp and read
//   global   the bytes of both tiles at the share of the second-level cache's bandwidth that a multiprocessor has
//
// and blocks on the same multiprocessor overlap, so that either the largest of the three decides (throughput), or the
// time of one block alone, in which a step takes at least the latency of a load (latency). Large tiles read less,
// small ones fill the multiprocessors. At the end of a block of the depth its sums are added to those before, in shared
// memory; or each block of the depth goes to another block of threads, which fills the multiprocessors where C is
// small, at the price of writing and reading partial sums.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/ThreadTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

constexpr ThreadTiles candidates[] = {
    {128, 128, 16, 8, 8}, {128, 64, 16, 8, 8}, {64, 128, 16, 8, 8}, {128, 64, 16, 8, 4}, {64, 128, 16, 4, 8},
    {64, 64, 16, 4, 4},   {64, 32, 16, 4, 4},  {32, 64, 16, 4, 4},  {128, 16, 16, 4, 4}, {16, 128, 16, 4, 4},
    {32, 32, 32, 4, 4},   {64, 16, 32, 4, 4},  {16, 64, 32, 4, 4},
};

/// Blocks of the depth that one stage adds up at most: as many blocks of C lie in the workspace.
constexpr int64_t mostParts = 64;

PredictedTime predict(const ProductShape &shape, const ThreadTiles &tiles, int64_t elementBytes, int64_t parts,
                      const TargetDescription &target) {
  const GPUArchitecture &gpu = *target.architecture;
  const hadal_gpu_limits &limits = target.limits();
  int64_t rowBlocks = llvm::divideCeil(shape.rows, tiles.rows),
          columnBlocks = llvm::divideCeil(shape.columns, tiles.columns);
  int64_t blocks = shape.batches * rowBlocks * columnBlocks * parts;
  int64_t depth = parts > 1 ? arithmetic::depthBlock : std::max<int64_t>(shape.depth, 1);
  double steps = double(llvm::divideCeil(depth, tiles.depth));
  double warps = double(tiles.threads()) / 32.0, perThread = double(tiles.threadRows * tiles.threadColumns);
  double issue = double(tiles.depth) * perThread * warps / 4.0;
  double shared = double(tiles.depth) * warps * double(tiles.threadRows + tiles.threadColumns) / threadVector * 2.0;
  double global = double((tiles.rows + tiles.columns) * tiles.depth * elementBytes) / gpu.threadBytesPerCycle;
  double result = double(tiles.rows * tiles.columns) * 8.0 / gpu.threadBytesPerCycle;
  // Sums of a block of the depth are read and written.
  if (depthBlocks(depth) > 1)
    result += double(depthBlocks(depth) * tiles.rows * tiles.columns) * 8.0 / gpu.sharedBytesPerCycle;

  int64_t registers = tiles.threads() * int64_t(llvm::alignTo(int64_t(perThread) + 64, 8));
  int64_t resident =
      std::min({limits.shared_bytes_per_multiprocessor / (tiles.sharedBytes(depth) + 1024),
                limits.registers_per_multiprocessor / registers, limits.threads_per_multiprocessor / tiles.threads()});
  double perMultiprocessor = double(llvm::divideCeil(blocks, target.multiprocessors));
  double rounds = double(llvm::divideCeil(int64_t(perMultiprocessor), std::max<int64_t>(resident, 1)));
  double throughput = perMultiprocessor * (steps * std::max({issue, shared, global}) + result);
  double alone = gpu.blockOverhead + steps * std::max({issue, shared, gpu.loadLatency}) + result;
  double total = std::max(throughput, rounds * alone);
  if (parts > 1)
    total += gpu.launchOverhead + double(shape.batches * shape.rows * shape.columns * (parts + 1)) * 4.0 /
                                      (gpu.threadBytesPerCycle * double(target.multiprocessors));
  double compute = perMultiprocessor * steps * std::max(issue, shared),
         memory = perMultiprocessor * (steps * global + result);
  double besides = std::max(0.0, total - std::max(compute, memory)) + gpu.launchOverhead;
  return PredictedTime{compute, memory, besides, total + gpu.launchOverhead} * (1.0 / target.clock);
}

} // namespace

int64_t ThreadTiles::sharedBytes(int64_t depth) const {
  int64_t result = 4 * rows * columns;
  return depthBlocks(depth) > 1 ? stepBytes() + result : std::max(stepBytes(), result);
}

SmallVector<ThreadProductPlan> hadal::proposeThreadTiles(const ProductShape &shape, int64_t elementBytes,
                                                         const TargetDescription &target, bool maySplit) {
  SmallVector<ThreadProductPlan> plans;
  for (const ThreadTiles &tiles : candidates) {
    plans.push_back({tiles, false, predict(shape, tiles, elementBytes, 1, target)});
    if (maySplit && maySplitDepth(shape))
      plans.push_back({tiles, true, predict(shape, tiles, elementBytes, depthBlocks(shape.depth), target)});
  }
  return plans;
}

ThreadProductPlan hadal::chooseThreadTiles(const ProductShape &shape, int64_t elementBytes,
                                           const TargetDescription &target) {
  SmallVector<ThreadProductPlan> plans = proposeThreadTiles(shape, elementBytes, target);
  return *llvm::min_element(
      plans, [](const ThreadProductPlan &a, const ThreadProductPlan &b) { return a.time.total < b.time.total; });
}

bool hadal::maySplitDepth(const ProductShape &shape) {
  int64_t blocks = depthBlocks(shape.depth);
  return blocks > 1 && blocks <= mostParts;
}

LogicalResult hadal::checkThreadTiles(choices::ThreadTilesAttr choice, int64_t depth, const TargetDescription &target,
                                      EmitError emitError) {
  ThreadTiles tiles = ThreadTiles::of(choice);
  bool isKnown = llvm::any_of(candidates, [&](const ThreadTiles &known) {
    return known.rows == tiles.rows && known.columns == tiles.columns && known.depth == tiles.depth &&
           known.threadRows == tiles.threadRows && known.threadColumns == tiles.threadColumns;
  });
  if (!isKnown) {
    InFlightDiagnostic diagnostic = emitError() << "there are no tiles of " << tiles.rows << " x " << tiles.columns
                                                << " x " << tiles.depth << " with " << tiles.threadRows << " x "
                                                << tiles.threadColumns << " numbers of a thread, but ";
    llvm::interleaveComma(candidates, diagnostic, [&](const ThreadTiles &known) {
      diagnostic << known.rows << " x " << known.columns << " x " << known.depth << " with " << known.threadRows
                 << " x " << known.threadColumns;
    });
    return diagnostic;
  }
  if (tiles.sharedBytes(depth) <= target.limits().shared_bytes_per_block)
    return success();
  return emitError() << "tiles of " << tiles.rows << " x " << tiles.columns << " take " << tiles.sharedBytes(depth)
                     << " bytes of shared memory, and a block has " << target.limits().shared_bytes_per_block;
}
