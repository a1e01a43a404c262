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
#include <limits>

using namespace hadal;

namespace {

// An H100 or H200.
constexpr int64_t multiprocessors = 132, sharedPerMultiprocessor = 228 << 10, registersPerMultiprocessor = 65536;
constexpr int64_t threadsPerMultiprocessor = 2048;
/// Bytes per cycle from the second-level cache to one multiprocessor, and cycles until a load from there arrives.
constexpr double globalBytes = 24.0, globalLatency = 600.0, sharedBytesPerCycle = 128.0;
/// Cycles of a block before its first and after its last step, and of another launch.
constexpr double blockOverhead = 2000.0, launchOverhead = 4000.0;

constexpr ThreadTiles candidates[] = {
    {128, 128, 16, 8, 8}, {128, 64, 16, 8, 8}, {64, 128, 16, 8, 8}, {128, 64, 16, 8, 4}, {64, 128, 16, 4, 8},
    {64, 64, 16, 4, 4},   {64, 32, 16, 4, 4},  {32, 64, 16, 4, 4},  {128, 16, 16, 4, 4}, {16, 128, 16, 4, 4},
    {32, 32, 32, 4, 4},   {64, 16, 32, 4, 4},  {16, 64, 32, 4, 4},
};

/// Blocks of the depth that one stage adds up at most: as many blocks of C lie in the workspace.
constexpr int64_t mostParts = 64;

double cycles(const ProductShape &shape, const ThreadTiles &tiles, int64_t elementBytes, int64_t parts) {
  int64_t rowBlocks = llvm::divideCeil(shape.rows, tiles.rows),
          columnBlocks = llvm::divideCeil(shape.columns, tiles.columns);
  int64_t blocks = shape.batches * rowBlocks * columnBlocks * parts;
  int64_t depth = parts > 1 ? arithmetic::depthBlock : std::max<int64_t>(shape.depth, 1);
  double steps = double(llvm::divideCeil(depth, tiles.depth));
  double warps = double(tiles.threads()) / 32.0, perThread = double(tiles.threadRows * tiles.threadColumns);
  double issue = double(tiles.depth) * perThread * warps / 4.0;
  double shared = double(tiles.depth) * warps * double(tiles.threadRows + tiles.threadColumns) / threadVector * 2.0;
  double global = double((tiles.rows + tiles.columns) * tiles.depth * elementBytes) / globalBytes;
  double result = double(tiles.rows * tiles.columns) * 8.0 / globalBytes;
  // Sums of a block of the depth are read and written.
  if (depthBlocks(depth) > 1)
    result += double(depthBlocks(depth) * tiles.rows * tiles.columns) * 8.0 / sharedBytesPerCycle;

  int64_t registers = tiles.threads() * int64_t(llvm::alignTo(int64_t(perThread) + 64, 8));
  int64_t resident = std::min({sharedPerMultiprocessor / (tiles.sharedBytes(depth) + 1024),
                               registersPerMultiprocessor / registers, threadsPerMultiprocessor / tiles.threads()});
  double perMultiprocessor = double(llvm::divideCeil(blocks, multiprocessors));
  double throughput = perMultiprocessor * (steps * std::max({issue, shared, global}) + result);
  double alone = blockOverhead + steps * std::max({issue, shared, globalLatency}) + result;
  double latency = double(llvm::divideCeil(int64_t(perMultiprocessor), std::max<int64_t>(resident, 1))) * alone;
  double total = std::max(throughput, latency);
  if (parts > 1)
    total += launchOverhead + double(shape.batches * shape.rows * shape.columns * (parts + 1)) * 4.0 /
                                  (globalBytes * double(multiprocessors));
  return total;
}

} // namespace

int64_t ThreadTiles::sharedBytes(int64_t depth) const {
  int64_t result = 4 * rows * columns;
  return depthBlocks(depth) > 1 ? stepBytes() + result : std::max(stepBytes(), result);
}

ThreadProductPlan hadal::chooseThreadTiles(const ProductShape &shape, int64_t elementBytes, bool maySplit) {
  ThreadProductPlan best;
  double bestCycles = std::numeric_limits<double>::infinity();
  int64_t blocks = depthBlocks(shape.depth);
  for (const ThreadTiles &tiles : candidates) {
    auto consider = [&](int64_t parts) {
      if (double candidate = cycles(shape, tiles, elementBytes, parts); candidate < bestCycles) {
        bestCycles = candidate;
        best = {tiles, parts > 1};
      }
    };
    consider(1);
    if (maySplit && blocks > 1 && blocks <= mostParts)
      consider(blocks);
  }
  return best;
}

void ThreadTiles::record(KernelConfiguration &configuration, llvm::StringRef prefix) const {
  auto set = [&](llvm::StringRef name, int64_t value) { configuration.set((prefix + name).str(), value); };
  set("rows", rows);
  set("columns", columns);
  set("depth", depth);
  set("thread_rows", threadRows);
  set("thread_columns", threadColumns);
}

ThreadTiles ThreadTiles::read(const KernelConfiguration &configuration, llvm::StringRef prefix) {
  auto get = [&](llvm::StringRef name) { return configuration.get((prefix + name).str()); };
  return {get("rows"), get("columns"), get("depth"), get("thread_rows"), get("thread_columns")};
}
