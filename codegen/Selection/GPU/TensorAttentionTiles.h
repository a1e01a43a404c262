//===- TensorAttentionTiles.h - tiles of the attention kernels on tensor cores ------------------------------------===//
//
// How the attention core is cut into tiles on an NVIDIA GPU: queries and keys of a block, the stages of the rings of
// keys and values, the swizzles that heads of their sizes allow.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_GPU_TENSORATTENTIONTILES_H
#define HADAL_CODEGEN_SELECTION_GPU_TENSORATTENTIONTILES_H

#include "codegen/Anatomy/AttentionShape.h"
#include "codegen/Selection/Strategy.h"

namespace hadal {

/// Bytes of shared memory that a block of a Hopper GPU may have. It decides tiles that show in the bits, so it is asked
/// of the class of GPUs, not of a board (docs/rationale/arithmetic.md).
inline int64_t getMostSharedMemory() { return hadal_find_gpu_limits("sm_90a")->shared_bytes_per_block; }

struct TensorAttentionTiles {
  /// Queries of a block (64 per consuming warp group) and keys of a step, which are no choice: they decide the bits.
  int64_t queries = 128, keys = 128;
  int64_t stages = 2;

  int64_t consumers() const { return queries / 64; }
  int64_t threads() const { return (consumers() + 1) * 128; }

  choices::TensorAttentionAttr toChoice(mlir::MLIRContext *context) const {
    return choices::TensorAttentionAttr::get(context, queries, stages);
  }
  static TensorAttentionTiles of(choices::TensorAttentionAttr choice, const AttentionShape &shape);
};

/// The places of the forward kernel's tiles and barriers in shared memory, and of what ptx.pin wants.
struct ForwardMemory {
  int64_t queryBytes, keyBytes, valueBytes;
  int64_t keyOffset, valueOffset, barrierOffset, pinOffset, bytes;
  ForwardMemory(const AttentionShape &shape, const TensorAttentionTiles &tiles);
};

/// The two passes of the gradient: one sums over queries, the other over keys.
enum class GradientPassKind { Keys, Queries };

/// The tiles of one of them. A block owns `owned` keys (pass of the keys) or queries (pass of the queries), 64 per
/// consuming warp group, and walks over tiles of `walked` queries or keys, which are no choice.
struct TensorGradientTiles {
  int64_t owned = 128, walked = 64, stages = 2;

  int64_t consumers() const { return owned / 64; }
  int64_t threads() const { return (consumers() + 1) * 128; }

  choices::TensorAttentionAttr toChoice(mlir::MLIRContext *context) const {
    return choices::TensorAttentionAttr::get(context, owned, stages);
  }
  static TensorGradientTiles of(GradientPassKind pass, choices::TensorAttentionAttr choice,
                                const AttentionShape &shape);
};

/// The places of a gradient pass's tiles: a pair of owned tiles (as deep as a query, and as a value), a ring of walked
/// ones, barriers, and what ptx.pin wants.
struct GradientMemory {
  int64_t ownedValueOffset, ringOffset, walkedQueryBytes, stageBytes, barrierOffset, pinOffset, bytes;
  GradientMemory(const AttentionShape &shape, const TensorGradientTiles &tiles);
};

/// The workspace of the gradient: per head and query the pair that both passes recompute with, for a sequence padded to
/// whole tiles; then what every head adds to the rotary key's gradient.
struct GradientWorkspace {
  int64_t paddedSequence;
  /// In bytes.
  int64_t rotaryOffset, bytes;
  explicit GradientWorkspace(const AttentionShape &shape);
};

/// The widest swizzle whose panels divide all the extents; failure when 16 does not divide one.
mlir::FailureOr<ptx::Swizzle> commonSwizzle(llvm::ArrayRef<int64_t> extents);
/// Elements of a bf16 panel of that swizzle.
int64_t panelElements(ptx::Swizzle swizzle);

/// The tiles of the forward kernel; failure when a head is too large for registers or shared memory, or no panel
/// divides its parts.
mlir::FailureOr<TensorAttentionTiles> chooseForwardTiles(const AttentionShape &shape);

mlir::FailureOr<TensorGradientTiles> chooseGradientTiles(GradientPassKind pass, const AttentionShape &shape);
/// Whether both passes have some.
inline bool hasGradientTiles(const AttentionShape &shape) {
  return succeeded(chooseGradientTiles(GradientPassKind::Keys, shape)) &&
         succeeded(chooseGradientTiles(GradientPassKind::Queries, shape));
}

/// Seconds of attention on tensor cores that makes so many products for each pair of positions and head.
PredictedTime predictTensorAttention(const AttentionShape &shape, int64_t productsPerPair, KernelOp kernel,
                                     const TargetDescription &target, int64_t launches);

/// The one candidate of the gradient; the tiles of a pass, if its ring fits; failure after a diagnostic.
Candidate proposeTensorGradient(const AttentionShape &shape, KernelOp kernel, const TargetDescription &target);
mlir::FailureOr<TensorGradientTiles> checkGradientTiles(GradientPassKind pass, choices::TensorAttentionAttr choice,
                                                        const AttentionShape &shape, EmitError emitError);

/// What TMA is told of a tensor of batch × sequence × channels: boxes of `rows` positions and one panel of channels.
TensorMapSpec describeChannels(unsigned argument, mlir::Type type, int64_t rows, ptx::Swizzle swizzle);

/// Whether attention multiplies bf16, as tensor cores do.
bool multipliesBF16(AttentionOpInterface attention);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_GPU_TENSORATTENTIONTILES_H
