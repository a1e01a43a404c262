//===- AttentionBlocks.h - what the attention kernels share -------------------------------------------------------===//
//
// Addresses of heads in the tensors of attention, the keys that a query sees, and the packing of queries and keys,
// whose two parts (nope and rope) lie apart in memory and are multiplied as one.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_ATTENTIONBLOCKS_H
#define HADAL_CODEGEN_CPU_ATTENTIONBLOCKS_H

#include "codegen/CPU/AttentionFactors.h"

namespace hadal {

/// Hands out parts of a thread's scratch memory, or of other memory from an address on. Without a builder it only
/// counts, which is how selection learns the size.
class ScratchLayout {
public:
  ScratchLayout(KernelBuilder *k = nullptr) : ScratchLayout(k, k ? k->scratch : mlir::Value()) {}
  ScratchLayout(KernelBuilder *k, mlir::Value base) : k(k), base(base) {}
  /// The address of `elements` f32, aligned to a vector's width.
  mlir::Value take(int64_t elements);
  int64_t elements() const { return next; }

private:
  KernelBuilder *k;
  mlir::Value base;
  int64_t next = 0;
};

/// One head of one sample.
struct AttentionHead {
  mlir::Value batch, head;
};

/// How many keys, from key 0 on, each query of a sample sees. In the plain form its index says so; else the operation's
/// operands do, and the numbers are worked out once for a range of queries and kept in scratch memory.
class SeenKeys {
public:
  SeenKeys(KernelBuilder &k, const AttentionShape &shape, ScratchLayout &layout, int64_t mostQueries)
      : k(k), shape(shape), counts(reserve(shape, layout, mostQueries)) {}
  /// Takes what scratch memory it needs for so many queries at a time.
  static mlir::Value reserve(const AttentionShape &shape, ScratchLayout &layout, int64_t mostQueries) {
    return shape.isPlain() ? mlir::Value() : layout.take(mostQueries);
  }

  /// Goes to `count` queries of a sample, from number `first` on: those that are meant below.
  void moveTo(mlir::Value batch, mlir::Value first, mlir::Value count);

  /// The keys that query `row` sees. A row behind the last one sees what the last one does, or in the plain form one
  /// more than the row before.
  mlir::Value of(mlir::Value row);
  /// Those that any of `rows` queries from `row` on sees.
  mlir::Value most(mlir::Value row, int64_t rows);
  /// Those that any query sees, and those that all of them see.
  mlir::Value most() { return largest; }
  mlir::Value least() { return smallest; }

private:
  KernelBuilder &k;
  const AttentionShape shape;
  mlir::Value counts, first, count, largest, smallest;
};

class AttentionBlocks : public AttentionFactors {
public:
  AttentionBlocks(KernelBuilder &k, const AttentionShape &shape, const AttentionTiles &tiles)
      : AttentionFactors(k, tiles), shape(shape), queryRoom(tiles.queryRoom(shape)) {}

  const AttentionShape shape;
  /// The depth that packed queries and keys have room for.
  const int64_t queryRoom;

  /// The address of the first of `channels` channels that a head has of a query, in a tensor batch × sequence ×
  /// heads·channels.
  TypedPointer headAddress(TypedPointer base, const AttentionHead &head, mlir::Value query, int64_t channels);
  /// The same of a key and its value, in a tensor batch × keys × heads·(nope + value).
  TypedPointer keyAddress(TypedPointer base, const AttentionHead &head, mlir::Value key);
  /// The rotary key, which all heads share.
  TypedPointer sharedAddress(TypedPointer base, const AttentionHead &head, mlir::Value key);

  /// Memory rows of queries, and of keys and values: the numbers from one to the next.
  mlir::Value queryStride() { return k.i64(shape.heads * shape.query()); }
  mlir::Value keyStride() { return k.i64(shape.heads * shape.keyValue()); }

  /// Packs queries for the left side of a product over their channels, and keys for its right side.
  void packQueryRows(mlir::Value destination, TypedPointer query, const AttentionHead &head, mlir::Value position,
                     mlir::Value count);
  void packKeyColumns(mlir::Value destination, TypedPointer keyValue, TypedPointer rotaryKey, const AttentionHead &head,
                      mlir::Value position, mlir::Value count);
};

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_ATTENTIONBLOCKS_H
