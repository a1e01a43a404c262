//===- ThreadAttentionBlocks.h - what the attention kernels of threads share --------------------------------------===//
//
// How queries, keys and values lie in memory, as sources of products; the owned block's channels, kept in shared memory
// or read again; and the 4 × 4 scores of a thread.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_THREADATTENTIONBLOCKS_H
#define HADAL_CODEGEN_GPU_FRAMES_THREADATTENTIONBLOCKS_H

#include "codegen/GPU/Frames/GPUStage.h"
#include "codegen/GPU/Frames/ThreadProduct.h"
#include "codegen/Selection/GPU/ThreadAttentionTiles.h"

namespace hadal {

/// A tensor batch × sequence (or keys) × channels: its address and the type of its elements.
struct AttentionTensor {
  mlir::Value base;
  mlir::Type element;
};

/// Scores (or weights) of a thread: number [i][j] belongs to its owned position i and its walked position j.
using ScoreTile = llvm::SmallVector<llvm::SmallVector<mlir::Value, 4>, 4>;

class ThreadAttentionBlocks {
public:
  using Value = mlir::Value;
  ThreadAttentionBlocks(GPUStage &stage, KernelOp kernel, const AttentionShape &shape, const AttentionWork &work,
                        const ThreadAttentionTiles &tiles);

  /// An operand of the kernel's operation, or a result.
  AttentionTensor operand(unsigned index);
  AttentionTensor result(unsigned index);

  /// Which side of the scores a block of threads owns; it walks over the other.
  enum class Owned { Queries, Keys };
  /// Takes the block's head and the number of its block of owned positions from the block's number. Tasks with the
  /// longest walk come first: the last blocks of queries, the first blocks of keys.
  void findTask(Owned owned);
  /// The row of a query in a tensor with a row per query of the block's sample, and of a key in one with a row per key.
  Value sampleRow(Value query) { return k.add(k.mul(batch, shape.sequence), query); }
  Value keyRow(Value key) { return k.add(k.mul(batch, shape.keys), key); }
  /// The row of a query in a tensor batch × heads × sequence, and of a key in one batch × heads × keys.
  Value headRow(Value query) { return k.add(k.mul(head, shape.sequence), query); }
  Value headKeyRow(Value key) { return k.add(k.mul(head, shape.keys), key); }
  /// Queries (or keys) from `first` on that exist in a block of `size`; null when all blocks are whole.
  Value extentFrom(Value first, int64_t size) { return extentFrom(first, size, shape.sequence); }
  Value keyExtentFrom(Value first, int64_t size) { return extentFrom(first, size, shape.keys); }

  /// Sides of products, from a position on. As rows, with the channels as the depth:
  TileSource queryRows(const AttentionTensor &query, Value first, Value extent);
  TileSource keyRows(const AttentionTensor &keyValue, const AttentionTensor &rotaryKey, Value first, Value extent);
  TileSource valueRows(const AttentionTensor &keyValue, Value first, Value extent);
  TileSource outputRows(const AttentionTensor &output, Value first, Value extent);
  /// As columns, with the positions as the depth:
  TileSource queryColumns(const AttentionTensor &query, Value first);
  TileSource keyColumns(const AttentionTensor &keyValue, const AttentionTensor &rotaryKey, Value first);
  TileSource valueColumns(const AttentionTensor &keyValue, Value first);
  TileSource outputColumns(const AttentionTensor &output, Value first);

  /// The owned block's side of a product of scores: copied to shared memory if it is to stay there.
  ProductOperand keepOwned(const TileSource &source, int64_t depth);
  /// The scores of the owned block against a walked one.
  ScoreTile scores(const ProductOperand &owned, const TileSource &walked, int64_t depth);
  /// Leaves a tile of weights in shared memory with the walked positions as the depth.
  SharedTile storeWeights(const ScoreTile &weights, unsigned index);
  /// Adds weights · channels to the accumulators of an output. `sees`: which walked positions an owned one has to do
  /// with (null: all of them).
  llvm::SmallVector<Value> accumulate(const SharedTile &weights, const TileSource &channels, int64_t channelCount,
                                      Value walkedExtent, llvm::SmallVector<Value> sums, const TakesPart &sees = {});
  /// The first position of the walked block on the diagonal: owned blocks divide walked ones.
  Value diagonal() { return k.mul(k.div(first, tiles.walked), tiles.walked); }
  /// How many keys a query sees, from key 0 on: by its index in the plain form, else by what the operands say. A query
  /// that does not exist sees what the last one does.
  Value seenBy(Value query);
  /// The most that a query of the block sees, where operands say what.
  Value mostSeen();
  /// Finds what the thread's owned queries see, for seesKey: by the operands, or as `seenBy` says of a query.
  void findSeen() {
    findSeen([&](Value query) { return seenBy(query); });
  }
  void findSeen(llvm::function_ref<Value(Value query)> seenBy);
  /// Whether owned query i sees a key, and whether owned key i is seen by a query.
  Value seesKey(int64_t i, Value key);
  Value isSeenBy(int64_t i, Value query);
  ThreadShare outputShare(int64_t channels) { return {threadVector, tiles.channelsPerThread(channels)}; }

  /// Position number i of the thread's owned ones, counted from the block's first, and number j of its walked ones.
  Value ownedPosition(int64_t i) { return k.add(grid.firstRow(0), i); }
  Value ownPosition(int64_t i) { return k.add(first, ownedPosition(i)); }
  Value walkedPosition(int64_t j) { return k.add(grid.firstColumn(0), j); }
  /// Stores one row of an output: the columns [from, from + count) of the sums go to `row` from column 0 on. `aligned`
  /// tells that vectors of four are.
  void storeRow(const ThreadShare &share, llvm::ArrayRef<Value> sums, int64_t i, int64_t from, int64_t count, Value row,
                mlir::Type element, bool aligned);

  Value exp2(Value exponent) { return mlir::Value(ptx::Exp2Op::create(k.builder, k.loc, exponent)); }

  GPUStage &stage;
  KernelBuilder &k;
  KernelOp kernel;
  const AttentionShape shape;
  const AttentionWork work;
  const ThreadAttentionTiles tiles;
  const ThreadGrid grid;
  /// The block's sample, its head among those of all samples and within its own, its first owned position, and how many
  /// there are.
  Value batch, head, headOfSample, first, count;

private:
  Value extentFrom(Value first, int64_t size, int64_t length);
  /// The address of a channel of the block's head, in a row of a tensor in which every head has `channels`.
  Value headAddress(const AttentionTensor &tensor, Value row, int64_t channels, int64_t channel);
  /// What the thread's owned queries see: see findSeen.
  llvm::DenseMap<int64_t, Value> seenByOwned;
  Value residentNext, stageBuffer;
  int64_t residentUsed = 0;
};

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_THREADATTENTIONBLOCKS_H
