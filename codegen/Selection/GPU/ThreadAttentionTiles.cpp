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
#include <numeric>

using namespace mlir;
using namespace hadal;

namespace {

/// Channels of all outputs that a thread may hold for each of its four rows.
constexpr int64_t mostChannelsPerThread = 32;
/// Cycles from one product of a block to the next, of the softmax of a pair, and of one step of a product at least.
constexpr double productLatency = 900.0, softmaxLatency = 400.0, stepLatency = 250.0;

int64_t padded(int64_t depth) { return int64_t(llvm::alignTo(depth, attentionDepthStep)); }

int64_t channelsPerThread(const ThreadAttentionTiles &tiles, const AttentionWork &work) {
  int64_t sum = 0;
  for (int64_t channels : work.outputs)
    sum += tiles.channelsPerThread(channels);
  return sum;
}

PredictedTime predict(const AttentionShape &shape, const AttentionWork &work, const ThreadAttentionTiles &tiles,
                      const TargetDescription &target) {
  const GPUArchitecture &gpu = *target.architecture;
  const hadal_gpu_limits &limits = target.limits();
  int64_t blocksOfHead = llvm::divideCeil(shape.sequence, tiles.owned);
  int64_t blocks = shape.batch * shape.heads * blocksOfHead;
  double walked = double(llvm::divideCeil(shape.keys, tiles.walked));
  double pairs = shape.isPlain() ? std::max(1.0, walked * 0.5 + 0.5) : walked;
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
  int64_t resident = std::min(limits.shared_bytes_per_multiprocessor / (tiles.sharedBytes(work) + 1024),
                              limits.registers_per_multiprocessor / registers);
  double perMultiprocessor = double(llvm::divideCeil(blocks, target.multiprocessors));
  double rounds = double(llvm::divideCeil(int64_t(perMultiprocessor), std::max<int64_t>(resident, 1)));
  double compute = perMultiprocessor * pairs * issue;
  double total = std::max(compute, rounds * (1.5 * gpu.blockOverhead + pairs * std::max(issue, latency)));
  return PredictedTime{compute, 0, total - compute + gpu.launchOverhead, total + gpu.launchOverhead} *
         (1.0 / target.clock);
}

bool isPossible(const ThreadAttentionTiles &tiles, const AttentionWork &work, const hadal_gpu_limits &limits) {
  return tiles.sharedBytes(work) <= limits.shared_bytes_per_block &&
         channelsPerThread(tiles, work) <= mostChannelsPerThread;
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

bool hadal::fitsThreadAttention(const AttentionWork &work) {
  return isPossible({16, false}, work, *hadal_find_gpu_limits("sm_90a"));
}

SmallVector<ThreadAttentionPlan> hadal::proposeThreadAttention(const AttentionShape &shape, const AttentionWork &work,
                                                               const TargetDescription &target) {
  SmallVector<ThreadAttentionPlan> plans;
  for (int64_t owned : {64, 32, 16})
    for (bool resident : {true, false}) {
      ThreadAttentionTiles tiles{owned, resident};
      if (!isPossible(tiles, work, target.limits()))
        continue;
      plans.push_back({tiles, predict(shape, work, tiles, target)});
      // Reading the owned block again is for heads that are too large to keep.
      break;
    }
  return plans;
}

ThreadAttentionPlan hadal::chooseThreadAttention(const AttentionShape &shape, const AttentionWork &work,
                                                 const TargetDescription &target) {
  SmallVector<ThreadAttentionPlan> plans = proposeThreadAttention(shape, work, target);
  return *llvm::min_element(
      plans, [](const ThreadAttentionPlan &a, const ThreadAttentionPlan &b) { return a.time.total < b.time.total; });
}

FailureOr<ThreadAttentionTiles> hadal::checkThreadAttention(choices::ThreadAttentionAttr choice,
                                                            const AttentionWork &work, const TargetDescription &target,
                                                            EmitError emitError) {
  ThreadAttentionTiles tiles = ThreadAttentionTiles::of(choice);
  if (tiles.walked % tiles.owned != 0)
    return emitError() << "owned is " << tiles.owned << ", and has to divide " << tiles.walked;
  if (isPossible(tiles, work, target.limits()))
    return tiles;
  return emitError() << "a block of " << tiles.owned << " positions" << (tiles.resident ? " that stays resident" : "")
                     << " takes more registers or shared memory than a block of threads has: own fewer positions"
                     << (tiles.resident ? ", or read them again" : "");
}
