//===- TensorTiles.h - tile sizes of matrix products on tensor cores ----------------------------------------------===//
//
// Chooses how the blocks of an NVIDIA GPU share a matrix product: the tile of C that a block works on at a time, the
// stages of the ring that feeds it, and whether two blocks share the tile of B.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_GPU_TENSORTILES_H
#define HADAL_CODEGEN_SELECTION_GPU_TENSORTILES_H

#include "codegen/Anatomy/Contraction.h"
#include "codegen/Selection/Strategy.h"

namespace hadal {

struct TensorTiles {
  /// Extents of the tile of C; depth of a stage.
  int64_t rows = 0, columns = 0, depth = 64;
  int64_t stages = 0;
  /// Blocks of a cluster: neighbours in the rows, which load a share of B's tile each for both.
  int64_t cluster = 1;
  /// Rows of tiles that are worked on side by side, so that the second-level cache holds what they read.
  int64_t groupRows = 1;
  /// Tiles, in rows (an upper bound when experts differ; a multiple of the cluster) and columns, of one product.
  int64_t rowTasks = 0, columnTasks = 0;
  int64_t blocks = 0;

  /// Warp groups that multiply: 64 rows each.
  int64_t consumers() const { return rows / 64; }
  int64_t threads() const { return (consumers() + 1) * 128; }
  int64_t lhsBytes() const { return rows * depth * 2; }
  int64_t rhsBytes() const { return columns * depth * 2; }
  int64_t stageBytes() const { return lhsBytes() + rhsBytes(); }
  /// Behind the ring: the panel of C in bf16 through which the epilogue stores, a line of memory wide.
  static constexpr int64_t panelColumns = 64;
  int64_t panelOffset() const { return stages * stageBytes(); }
  int64_t panelBytes() const { return rows * panelColumns * 2; }
  int64_t barrierOffset() const { return panelOffset() + panelBytes(); }
  int64_t sharedMemory() const { return barrierOffset() + 2 * stages * 8; }

  /// As a choice, and back: of a contraction, or of one product that a kernel of another kind holds.
  choices::TensorTilesAttr toChoice(mlir::MLIRContext *context) const;
  static TensorTiles of(choices::TensorTilesAttr choice, const Contraction &contraction,
                        const TargetDescription &target);
  static TensorTiles of(choices::TensorTilesAttr choice, const ProductShape &shape, const TargetDescription &target);
};

struct TensorCandidate {
  TensorTiles tiles;
  PredictedTime time;
};

/// All tiles with their predicted times, in the order in which they are tried, and the fastest.
llvm::SmallVector<TensorCandidate> proposeTensorTiles(const Contraction &contraction, const TargetDescription &target);
TensorCandidate chooseTensorTiles(const ProductShape &shape, const TargetDescription &target);

/// The tiles of a choice, if they are right for the contraction or product; failure after a diagnostic.
mlir::FailureOr<TensorTiles> checkTensorTiles(choices::TensorTilesAttr choice, const Contraction &contraction,
                                              const TargetDescription &target, EmitError emitError);
mlir::FailureOr<TensorTiles> checkTensorTiles(choices::TensorTilesAttr choice, const ProductShape &shape,
                                              const TargetDescription &target, EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_GPU_TENSORTILES_H
