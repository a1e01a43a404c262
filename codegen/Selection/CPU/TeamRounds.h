//===- TeamRounds.h - how long a team takes for equal tasks -------------------------------------------------------===//
//
// Blocks of products are chosen for a team of a few threads, and the same program runs on large ones.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_TEAMROUNDS_H
#define HADAL_CODEGEN_SELECTION_CPU_TEAMROUNDS_H

#include "codegen/Target/KnownTargets.h"
#include "llvm/Support/MathExtras.h"

namespace hadal {

/// Rounds in which a team of `modelledCores` threads does so many tasks. A part of what a large team would take longer
/// than its size promises is added: where it costs the small one little, there are tasks for the large one too.
inline double countRounds(int64_t tasks) {
  constexpr int64_t largeTeam = 64;
  constexpr double regard = 1.0 / 128;
  double rounds = double(llvm::divideCeil(tasks, modelledCores));
  double ofLarge = double(llvm::divideCeil(tasks, largeTeam)) * double(largeTeam / modelledCores);
  return rounds + regard * std::max(0.0, ofLarge - rounds);
}

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_TEAMROUNDS_H
