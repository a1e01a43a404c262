//===- LatentBlocks.h - what the kernels of attention on latents share --------------------------------------------===//
//
// Which part of a sequence's keys a block of threads computes, for which of its pairs (queries and heads), what they
// see of it, where a position lies in the cache, where what the part leaves has to wait; and the stage that joins the
// parts, which does not depend on how they were computed.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_LATENTBLOCKS_H
#define HADAL_CODEGEN_GPU_FRAMES_LATENTBLOCKS_H

#include "codegen/Emit/CachePages.h"
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"
#include "codegen/Selection/GPU/LatentParts.h"

namespace hadal {

class LatentBlocks {
public:
  using Value = mlir::Value;
  /// The operands by their number.
  enum Operand : unsigned { Absorbed, Query, Latents, RotaryKeys, PageTable, Positions, Lengths };

  LatentBlocks(LatentAttentionOp op, GPUAnchorContext &context, int64_t partsOfRound);

  /// Takes part, sequence and tile of pairs from the block's number. Blocks of one part and sequence are neighbours, so
  /// that the second-level cache holds what they read; first parts come first.
  void findPart(int64_t pairsOfBlock);
  /// Of the block's pairs: the keys of the part that any of them sees, up to this one, and that all of them see.
  void findSeen();
  /// How many keys of its sequence a pair of the block's sees, from key 0 on; one that does not exist what the last one
  /// does.
  Value seenBy(Value pair);

  /// A row of the caches, and whether there is one: that of a position within the table of the block's sequence.
  struct Place {
    Value row, exists;
  };
  Place placeOf(Value position);

  /// The row of a pair in tensors with a row per query and head, and in what waits.
  Value resultRow(Value pair) { return k.add(k.mul(sequence, shape.pairs()), pair); }
  Value waitingRow(Value pair) { return k.add(k.mul(number, parts.results), resultRow(pair)); }
  /// Where the output of a row that waits begins.
  Value outputOf(Value waitingRow) { return k.address(workspace, k.mul(waitingRow, shape.rank), k.f32()); }
  /// Keeps the softmax of a part; maxima carry the factor log₂ e.
  void storeStatistics(Value waitingRow, Value maximum, Value sum);

  /// The second stage: joins the parts of this round, from left to right. A thread has some channels of one pair.
  void emitJoin();

  GPUAnchorContext &context;
  GPUStage &stage;
  KernelBuilder &k;
  const LatentShape shape;
  const LatentParts parts;
  const CachePages pages;
  /// Of the block: its sequence, its first key and the first of so many pairs; the ends of what is seen, see findSeen.
  Value sequence, firstKey, firstPair, pairs, end, wholeEnd;

private:
  Value loadIndex(Operand operand, Value index) { return k.extend(k.load(k.i32(), context.operand(operand), index)); }
  /// How many keys a query sees, by its number among those of all sequences.
  Value seenByQuery(Value query);
  Value workspaceAt(int64_t number) { return k.address(workspace, k.i64(number), k.f32()); }
  /// Where the statistics of a row lie that a round leaves.
  Value joinedPlace(Value row, Value round) {
    return k.add(k.mul(k.rem(round, 2), parts.joinedPlace()), k.mul(row, 2));
  }
  llvm::SmallVector<Value> joinParts(Value row, Value column, Value seen);
  llvm::SmallVector<Value> loadJoined(Value row, Value column);

  Value workspace, number;
};

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_LATENTBLOCKS_H
