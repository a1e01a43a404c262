//===- LatentParts.h - attention on latents on NVIDIA GPUs, in parts ----------------------------------------------===//
//
// A sequence's keys are cut into parts at absolute positions, which decide the bits and are no choice
// (docs/rationale/arithmetic.md). Blocks of threads compute parts of their own, for a tile of *pairs*: a query of the
// sequence and a head of it. What a part leaves (its output, its maximum, its sum) waits in the workspace, until a
// second stage joins the parts of every pair. That is a row of the latent's width for each pair and part: it is
// limited, and longer sequences are joined in rounds. How many parts wait is a choice: it does not show in the bits.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_GPU_LATENTPARTS_H
#define HADAL_CODEGEN_SELECTION_GPU_LATENTPARTS_H

#include "codegen/Anatomy/AttentionShape.h"
#include "codegen/Anatomy/LatentShape.h"
#include "codegen/Selection/GPU/ThreadAttentionTiles.h"
#include "codegen/Selection/GPU/Threads.h"

namespace hadal {

struct LatentParts {
  /// Keys of a part, and parts that wait until they are joined, which happens so many times.
  int64_t keys, partsOfRound, rounds;
  /// Rows of the result: pairs of all sequences.
  int64_t results;

  /// With so many parts that wait.
  LatentParts(const LatentShape &shape, int64_t partsOfRound);
  /// As many as the memory for what waits has room for, of those that a sequence has room for, spread evenly over
  /// rounds.
  static LatentParts choose(const LatentShape &shape);
  /// The parts that a sequence has room for.
  static int64_t countParts(const LatentShape &shape);

  /// Where things lie in the workspace, in numbers of f32: the outputs of parts, (maximum, sum) of each, and the same
  /// of what is joined so far, which one round alone does not keep. Many threads read the latter two of a row while one
  /// writes the next ones: there are two places, which take turns.
  int64_t statistics() const { return partsOfRound * results * rank; }
  int64_t joined() const { return statistics() + partsOfRound * results * 2; }
  int64_t joinedStatistics() const { return joined() + results * rank; }
  int64_t joinedPlace() const { return results * 2; }
  int64_t bytes() const { return 4 * (rounds > 1 ? joinedStatistics() + results * 4 : joined()); }

  /// Tiles of so many pairs, and the blocks of threads of a round.
  int64_t tiles(const LatentShape &shape, int64_t pairsOfBlock) const;
  int64_t blocks(const LatentShape &shape, int64_t pairsOfBlock) const;

  /// Stages and steps: `parts` with so many threads and so much shared memory, then `join`, for every round.
  StageSpec &addStages(KernelConfiguration &configuration, const LatentShape &shape, int64_t pairsOfBlock,
                       int64_t threads, int64_t sharedMemory) const;
  /// The time of both stages' traffic with the workspace and of the launches, with sequences as long as they may
  /// become.
  PredictedTime predictWaiting(const TargetDescription &target) const;

  static constexpr int64_t threadsOfJoin = 256;
  /// Numbers of an output that a thread joins.
  static int64_t lanesOfJoin(const LatentShape &shape) { return commonLanes(4, {shape.rank}); }

private:
  int64_t rank;
};

/// A part as attention in the form that threads know: every pair is a query of one head, whose keys are as wide as a
/// latent with its rotary key, and whose values are the latents.
AttentionShape partAsAttention(const LatentShape &shape);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_GPU_LATENTPARTS_H
