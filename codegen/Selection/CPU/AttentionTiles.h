//===- AttentionTiles.h - blocks of the attention kernels on CPUs -------------------------------------------------===//
//
// What the attention core and its gradient work on, and how they are cut into blocks.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_ATTENTIONTILES_H
#define HADAL_CODEGEN_SELECTION_CPU_ATTENTIONTILES_H

#include "codegen/Anatomy/AttentionShape.h"
#include "codegen/Selection/CPU/ProductTiles.h"
#include "codegen/Target/Arithmetic.h"

namespace hadal {

/// The tile and the blocks: a task of the forward pass owns queryBlock queries of one head and walks over blocks of
/// keys; a task of the gradient owns one head and walks over pairs of blocks. The blocks decide the order of sums, but
/// for that of queries in the forward pass: arithmetic::keyBlock positions, or the whole of a shorter sequence.
struct AttentionTiles {
  /// Of a tile, which is a register tile or a square of two by two tiles of AMX.
  int64_t lanes, rows, vectors;
  int64_t queryBlock;
  /// Whether products are added in steps of the depth, as those of two bf16 factors are, and whether AMX adds them.
  bool inSteps = false, inTileRegisters = false;
  static constexpr int64_t keyBlock = arithmetic::keyBlock;

  /// With what a strategy chose: register tiles, or null where AMX leaves nothing to choose.
  static AttentionTiles of(ChoiceInterface choice, const AttentionShape &shape, const TargetDescription &target);
  static AttentionTiles onTileRegisters(const AttentionShape &shape, const TargetDescription &target);

  /// Columns of a tile.
  int64_t width() const { return vectors * lanes; }
  /// Columns in whole tiles.
  int64_t padded(int64_t columns) const;

  /// What the depth of a product is a multiple of, and what a part of so many channels takes of it, filled up with
  /// zeros.
  int64_t depthMultiple() const;
  int64_t depthOf(int64_t channels) const;
  /// Where the rope part of a packed query or key starts, the depth of a product over both parts, and the rooms that
  /// packing needs, of queries and keys and of values.
  int64_t ropeStart(const AttentionShape &shape) const { return depthOf(shape.nope); }
  int64_t queryDepth(const AttentionShape &shape) const { return ropeStart(shape) + depthOf(shape.rope); }
  int64_t queryRoom(const AttentionShape &shape) const;
  int64_t valueRoom(const AttentionShape &shape) const { return roomOf(shape.value); }

  /// Of a left-hand side with room for so much depth (codegen/CPU/AttentionFactors.h), the numbers from a row to the
  /// next, f32 or, on AMX, bf16; the words of so many rows, and those of so many columns of a right-hand side.
  int64_t leftStride(int64_t room) const;
  int64_t leftWords(int64_t rows, int64_t room) const;
  int64_t rightWords(int64_t columns, int64_t room) const;

private:
  /// What is packed is stored in whole vectors.
  int64_t roomOf(int64_t depth) const;
};

/// What a strategy multiplies for each pair of positions and head, and moves besides.
struct AttentionWork {
  int64_t multiplyAddsPerPair;
  /// Channels that are packed for every pair of blocks of positions.
  int64_t packedChannels;
};

/// The one candidate of register tiles or of AMX; none where the CPU has none.
llvm::SmallVector<Candidate> proposeAttention(ProductUnit unit, const AttentionShape &shape, const AttentionWork &work,
                                              KernelOp kernel, const TargetDescription &target);
/// The tiles of a configuration; failure after a diagnostic when they are none of this CPU's.
mlir::FailureOr<AttentionTiles> checkAttentionTiles(ProductUnit unit, const KernelConfiguration &configuration,
                                                    const AttentionShape &shape, const TargetDescription &target,
                                                    EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_ATTENTIONTILES_H
