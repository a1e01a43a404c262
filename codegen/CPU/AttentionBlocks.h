//===- AttentionBlocks.h - what the attention kernels share -------------------------------------------------------===//
//
// Addresses of heads in the tensors of attention, and the packing of queries and keys, whose two parts (nope and rope)
// lie apart in memory and are multiplied as one.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_ATTENTIONBLOCKS_H
#define HADAL_CODEGEN_CPU_ATTENTIONBLOCKS_H

#include "codegen/CPU/MicroKernel.h"
#include "codegen/CPU/Packing.h"
#include "codegen/Selection/CPU/AttentionTiles.h"

namespace hadal {

/// Hands out parts of a thread's scratch memory. Without a builder it only counts, which is how selection learns the
/// size.
class ScratchLayout {
public:
  ScratchLayout(KernelBuilder *k = nullptr) : k(k) {}
  /// The address of `elements` f32, aligned to a vector's width.
  mlir::Value take(int64_t elements);
  int64_t elements() const { return next; }

private:
  KernelBuilder *k;
  int64_t next = 0;
};

/// One head of one sample.
struct AttentionHead {
  mlir::Value batch, head;
};

class AttentionBlocks {
public:
  AttentionBlocks(KernelBuilder &k, const AttentionShape &shape, const AttentionTiles &tiles)
      : k(k), shape(shape), tiles(tiles) {}

  KernelBuilder &k;
  const AttentionShape shape;
  const AttentionTiles tiles;

  /// The address of the first of `channels` channels that a head has at a position, in a tensor batch × sequence ×
  /// heads·channels.
  TypedPointer headAddress(TypedPointer base, const AttentionHead &head, mlir::Value position, int64_t channels);
  /// The same in a tensor that all heads share.
  TypedPointer sharedAddress(TypedPointer base, const AttentionHead &head, mlir::Value position, int64_t channels);

  /// Packs rows of queries (or of gradients shaped like them) for the left side of a product over their channels.
  void packQueryRows(mlir::Value destination, TypedPointer query, const AttentionHead &head, mlir::Value position,
                     mlir::Value count);
  int64_t queryRowStride() const { return tiles.queryRoom(shape) + tiles.lanes; }
  /// Packs keys for the right side of the same product: panels of columns.
  void packKeysTransposed(mlir::Value destination, TypedPointer keyValue, TypedPointer rotaryKey,
                          const AttentionHead &head, mlir::Value position, mlir::Value count);
  int64_t keyPanelStride() const { return tiles.queryRoom(shape) * tiles.width(); }

  /// A register tile whose A has rows this far apart and neighbours along the depth, or the other way round.
  mlir::LLVM::LLVMFuncOp rowsMicroKernel(int64_t rowStride) {
    return getMicroKernel(k, {tiles.rows, tiles.vectors, rowStride, 1});
  }
  mlir::LLVM::LLVMFuncOp columnsMicroKernel(int64_t depthStride) {
    return getMicroKernel(k, {tiles.rows, tiles.vectors, 1, depthStride});
  }
  int64_t tileElements() const { return tiles.rows * tiles.width(); }
};

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_ATTENTIONBLOCKS_H
