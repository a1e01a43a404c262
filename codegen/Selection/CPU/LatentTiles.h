//===- LatentTiles.h - blocks of attention on latents on CPUs -----------------------------------------------------===//
//
// How attention on a cache of latents is cut: into tasks (a block of keys of a sequence, and some of the heads), and
// within them into register tiles. Nothing of it decides bits (docs/rationale/arithmetic.md).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_LATENTTILES_H
#define HADAL_CODEGEN_SELECTION_CPU_LATENTTILES_H

#include "codegen/Anatomy/LatentShape.h"
#include "codegen/Selection/Strategy.h"

namespace hadal {

struct LatentTiles {
  int64_t lanes;
  /// The register tile of scores: keys by vectors of heads. That of the output: heads by vectors of channels.
  int64_t keyRows, headVectors, headRows, channelVectors;
  /// Heads of a task, blocks of keys whose parts wait in memory until they are joined, and how often that happens.
  int64_t headsOfTask, blocksOfRound, rounds;
  /// What the depth of a product is a multiple of.
  int64_t depthMultiple;

  static LatentTiles of(const LatentShape &shape, const TargetDescription &target);

  /// Heads that go through a task side by side.
  int64_t width() const { return headVectors * lanes; }
  int64_t channelWidth() const { return channelVectors * lanes; }
  int64_t groups(const LatentShape &shape) const;

  /// Packed queries and copied keys: where their rotary part begins, the depth of their product, and the room for it;
  /// numbers from a copied key to the next, of which all of them take so many rows.
  int64_t ropeStart(const LatentShape &shape) const;
  int64_t depth(const LatentShape &shape) const;
  int64_t room(const LatentShape &shape) const;
  int64_t keyStride(const LatentShape &shape) const;
  int64_t keyRoom() const;

  /// Channels of a part's output in memory, and heads of its statistics: whole vectors.
  int64_t outputStride(const LatentShape &shape) const;
  int64_t statisticsStride(const LatentShape &shape) const;
};

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_LATENTTILES_H
