//===- ThreadAttentionTiles.cpp - blocks of attention by plain threads of a GPU -----------------------------------===//
//
// The model is that of ThreadTiles.cpp for the products of a pair of blocks, times the pairs that a causal sequence
// has. Between products a block waits for its threads and turns scores into weights; that is a constant per pair.
// Small blocks fill the multiprocessors when sequences are short and heads are few; large ones read less. Channels are
// padded to what a row of threads holds.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/ThreadAttentionTiles.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <numeric>

using namespace hadal;

namespace {

constexpr int64_t multiprocessors = 132, sharedPerMultiprocessor = 228 << 10, largestSharedBlock = 227 << 10;
constexpr int64_t registersPerMultiprocessor = 65536;
/// Channels of all outputs that a thread may hold for each of its four rows.
constexpr int64_t mostChannelsPerThread = 32;
/// Cycles from one product of a block to the next, of the softmax of a pair, and of one step of a product at least.
constexpr double productLatency = 900.0, softmaxLatency = 400.0, stepLatency = 250.0, blockOverhead = 3000.0;

int64_t padded(int64_t depth) { return int64_t(llvm::alignTo(depth, attentionDepthStep)); }

int64_t channelsPerThread(const ThreadAttentionTiles &tiles, const AttentionWork &work) {
  int64_t sum = 0;
  for (int64_t channels : work.outputs)
    sum += tiles.channelsPerThread(channels);
  return sum;
}

double cycles(const AttentionShape &shape, const AttentionWork &work, const ThreadAttentionTiles &tiles) {
  int64_t blocksOfHead = llvm::divideCeil(shape.sequence, tiles.owned);
  int64_t blocks = shape.batch * shape.heads * blocksOfHead;
  double pairs = std::max(1.0, double(llvm::divideCeil(shape.sequence, tiles.walked)) * 0.5 + 0.5);
  double warps = double(tiles.threads()) / 32.0;
  double issue = 0.0, latency = softmaxLatency;
  auto product = [&](double depth, double columnsPerThread) {
    // Four multiply-adds per column of a thread, and reads of both fragments from shared memory.
    double perDepth = warps * std::max(columnsPerThread, (1.0 + columnsPerThread / threadVector) * 2.0);
    issue += depth * perDepth;
    latency += productLatency + depth / attentionDepthStep * stepLatency;
  };
  for (int64_t depth : work.scoreDepths)
    product(double(padded(depth)), threadVector);
  for (int64_t channels : work.outputs)
    product(double(tiles.walked), double(tiles.channelsPerThread(channels)));
  int64_t registers = tiles.threads() * (threadVector * channelsPerThread(tiles, work) + 88);
  int64_t resident =
      std::min(sharedPerMultiprocessor / (tiles.sharedBytes(work) + 1024), registersPerMultiprocessor / registers);
  double perMultiprocessor = double(llvm::divideCeil(blocks, multiprocessors));
  double rounds = double(llvm::divideCeil(int64_t(perMultiprocessor), std::max<int64_t>(resident, 1)));
  return std::max(perMultiprocessor * pairs * issue, rounds * (blockOverhead + pairs * std::max(issue, latency)));
}

bool isPossible(const ThreadAttentionTiles &tiles, const AttentionWork &work) {
  return tiles.sharedBytes(work) <= largestSharedBlock && channelsPerThread(tiles, work) <= mostChannelsPerThread;
}

} // namespace

int64_t ThreadAttentionTiles::channelsPerThread(int64_t channels) const {
  return int64_t(llvm::alignTo(channels, threadColumns() * threadVector)) / threadColumns();
}

int64_t ThreadAttentionTiles::residentBytes(const AttentionWork &work) const {
  int64_t depth = 0;
  for (int64_t one : work.scoreDepths)
    depth += padded(one);
  return resident ? 4 * depth * sharedStride(owned) : 0;
}

int64_t ThreadAttentionTiles::stageBytes(const AttentionWork &work) const {
  int64_t bytes = stagedBytes(attentionDepthStep, resident ? 0 : owned, walked);
  for (int64_t channels : work.outputs)
    bytes = std::max(bytes, stagedBytes(attentionDepthStep, 0, channelsPerThread(channels) * threadColumns()));
  return bytes;
}

bool hadal::fitsThreadAttention(const AttentionWork &work) { return isPossible({16, false}, work); }

ThreadAttentionTiles hadal::chooseThreadAttentionTiles(const AttentionShape &shape, const AttentionWork &work) {
  ThreadAttentionTiles best{16, false};
  double bestCycles = std::numeric_limits<double>::infinity();
  for (int64_t owned : {64, 32, 16})
    for (bool resident : {true, false}) {
      ThreadAttentionTiles tiles{owned, resident};
      if (!isPossible(tiles, work))
        continue;
      double candidate = cycles(shape, work, tiles);
      if (candidate < bestCycles) {
        bestCycles = candidate;
        best = tiles;
      }
      // Reading the owned block again is for heads that are too large to keep.
      break;
    }
  return best;
}

void ThreadAttentionTiles::record(KernelConfiguration &configuration, llvm::StringRef prefix) const {
  auto set = [&](llvm::StringRef name, int64_t value) { configuration.set((prefix + name).str(), value); };
  set("owned", owned);
  set("resident", resident);
}

ThreadAttentionTiles ThreadAttentionTiles::read(const KernelConfiguration &configuration, llvm::StringRef prefix) {
  auto get = [&](llvm::StringRef name) { return configuration.get((prefix + name).str()); };
  return {get("owned"), get("resident") != 0};
}
