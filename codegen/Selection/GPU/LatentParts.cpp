//===- LatentParts.cpp - attention on latents on NVIDIA GPUs, in parts --------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/LatentParts.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

/// Bytes of what waits to be joined, at most.
static constexpr int64_t mostWaiting = int64_t(256) << 20;

LatentParts::LatentParts(const LatentShape &shape, int64_t partsOfRound)
    : keys(arithmetic::hopper::latentPart(shape.heads)), partsOfRound(partsOfRound),
      rounds(llvm::divideCeil(countParts(shape), partsOfRound)), results(shape.batch * shape.pairs()),
      rank(shape.rank) {}

int64_t LatentParts::countParts(const LatentShape &shape) {
  return llvm::divideCeil(shape.positions, arithmetic::hopper::latentPart(shape.heads));
}

LatentParts LatentParts::choose(const LatentShape &shape) {
  int64_t parts = countParts(shape), bytesOfPart = 4 * shape.batch * shape.pairs() * (shape.rank + 2);
  int64_t rounds = llvm::divideCeil(parts, std::max<int64_t>(1, mostWaiting / bytesOfPart));
  return LatentParts(shape, llvm::divideCeil(parts, rounds));
}

int64_t LatentParts::tiles(const LatentShape &shape, int64_t pairsOfBlock) const {
  return llvm::divideCeil(shape.pairs(), pairsOfBlock);
}

int64_t LatentParts::blocks(const LatentShape &shape, int64_t pairsOfBlock) const {
  return partsOfRound * shape.batch * tiles(shape, pairsOfBlock);
}

StageSpec &LatentParts::addStages(KernelConfiguration &configuration, const LatentShape &shape, int64_t pairsOfBlock,
                                  int64_t threads, int64_t sharedMemory) const {
  configuration.addGPUStage("parts", blocks(shape, pairsOfBlock), threads, sharedMemory, /*withStep=*/false);
  int64_t vectors = results * rank / lanesOfJoin(shape);
  configuration.addGPUStage("join", llvm::divideCeil(vectors, threadsOfJoin), threadsOfJoin, 0, /*withStep=*/false);
  for (int64_t round = 0; round < rounds; ++round)
    for (unsigned stage : {0u, 1u})
      configuration.steps.push_back({stage, round});
  configuration.workspace = bytes();
  return configuration.stages.front();
}

PredictedTime LatentParts::predictWaiting(const TargetDescription &target) const {
  double moved = 2.0 * double(partsOfRound * rounds) * double(4 * results * (rank + 2));
  return PredictedTime::sum(0, moved / target.memoryBandwidth, 2.0 * double(rounds) * target.launchSeconds());
}

AttentionShape hadal::partAsAttention(const LatentShape &shape) {
  // That operands say what a query sees is all that matters of which do.
  constexpr unsigned positions = 5, lengths = 6;
  return {shape.batch, shape.pairs(),   /*heads=*/1, shape.rank, shape.rope,          shape.rank,
          shape.scale, shape.positions, positions,   lengths,    shape.factorsAreBF16};
}
