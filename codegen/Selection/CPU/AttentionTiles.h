//===- AttentionTiles.h - blocks of the attention kernels on CPUs -------------------------------------------------===//
//
// What the attention core and its gradient work on, and how they are cut into blocks.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_ATTENTIONTILES_H
#define HADAL_CODEGEN_SELECTION_CPU_ATTENTIONTILES_H

#include "codegen/Anatomy/AttentionShape.h"
#include "codegen/Selection/Strategy.h"
#include "codegen/Target/Arithmetic.h"

namespace hadal {

/// The register tile and the blocks: a task of the forward pass owns queryBlock queries of one head and walks over
/// blocks of keys; a task of the gradient owns one head and walks over pairs of blocks. The blocks decide the order of
/// sums, but for that of queries in the forward pass: arithmetic::keyBlock positions, or the whole of a shorter
/// sequence.
struct AttentionTiles {
  int64_t lanes, rows, vectors, queryBlock;
  static constexpr int64_t keyBlock = arithmetic::keyBlock;

  choices::AttentionTilesAttr toChoice(mlir::MLIRContext *context) const {
    return choices::AttentionTilesAttr::get(context, rows, vectors);
  }
  static AttentionTiles of(choices::AttentionTilesAttr choice, const AttentionShape &shape,
                           const TargetDescription &target);

  /// Columns of a register tile.
  int64_t width() const { return vectors * lanes; }
  /// Columns in whole register tiles.
  int64_t padded(int64_t columns) const;

  /// Where the rope part of a packed query or key starts, the depth of a product over both parts (multiples of the
  /// micro-kernel's unrolling), and the room that packing needs.
  int64_t ropeStart(const AttentionShape &shape) const;
  int64_t queryDepth(const AttentionShape &shape) const;
  int64_t queryRoom(const AttentionShape &shape) const;
  /// Elements between the rows of a block of scores.
  int64_t scoreStride() const { return keyBlock + lanes; }
};

/// The one candidate of a strategy that multiplies so many numbers for each pair of positions and head.
Candidate proposeAttention(const AttentionShape &shape, int64_t multiplyAddsPerPair, KernelOp kernel,
                           const TargetDescription &target);
/// The tiles of a configuration; failure after a diagnostic when they are none of this CPU's.
mlir::FailureOr<AttentionTiles> checkAttentionTiles(const KernelConfiguration &configuration,
                                                    const AttentionShape &shape, const TargetDescription &target,
                                                    EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_ATTENTIONTILES_H
