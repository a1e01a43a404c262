//===- WarpRow.h - a short row of numbers in the registers of a warp ----------------------------------------------===//
//
// The scores of one token's experts belong to one warp: lane l holds numbers l, l + 32, l + 64, ... in registers. This
// file loads and stores such rows, turns logits into scores, and picks the largest number again and again. What the
// router, its gradient and the balance losses share is here. All lanes of a warp must call everything together.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_WARPROW_H
#define HADAL_CODEGEN_GPU_FRAMES_WARPROW_H

#include "codegen/GPU/Frames/GPUStage.h"

namespace hadal {

/// The numbers of a lane, one per slot.
using LaneValues = llvm::SmallVector<mlir::Value>;

class WarpRow {
public:
  using Value = mlir::Value;
  WarpRow(GPUStage &stage, int64_t length);

  const int64_t length, slots;
  /// The place in the row of this lane's number in a slot (i64), and whether it is in the row (null: in every lane).
  Value index(int64_t slot) const { return indices[slot]; }
  Value exists(int64_t slot) const { return inside[slot]; }

  /// The same number in every slot and lane.
  LaneValues fill(Value value) const { return LaneValues(slots, value); }
  /// Loads f32 numbers; `otherwise` stands beyond the end.
  LaneValues load(Value pointer, double otherwise = 0.0);
  /// body(slot) where the slot's number is in the row.
  void forExisting(llvm::function_ref<void(int64_t slot)> body);
  /// Applies a function slot by slot; beyond the end stands `otherwise`, when given.
  LaneValues map(llvm::function_ref<Value(int64_t slot)> function, std::optional<double> otherwise = {});

  /// The sum over the row.
  Value sum(llvm::ArrayRef<Value> values);
  Value sum(llvm::function_ref<Value(int64_t slot)> term);

  /// Scores of a token from its logits: 0 beyond the end; `total` gets their sum.
  LaneValues scores(ScoreFunction function, Value logits, Value &total);
  /// Gradient of the logits from that of the scores.
  LaneValues scoreGradient(ScoreFunction function, llvm::ArrayRef<Value> scores, llvm::ArrayRef<Value> gradient);

  /// The values with NaN beyond the end, which is never the largest.
  LaneValues forSelection(llvm::ArrayRef<Value> values);
  /// The place (i32) of the largest number, the lowest of equal ones, which is then struck out by NaN. A row without
  /// numbers yields the last place.
  Value takeLargest(llvm::MutableArrayRef<Value> values);
  /// Whether this lane's number in a slot has a place (i32).
  Value isAt(int64_t slot, Value place);
  /// The number at a place (i32), in every lane.
  Value at(llvm::ArrayRef<Value> values, Value place);

private:
  GPUStage &stage;
  KernelBuilder &k;
  LaneValues indices, inside, places;
};

/// Adds rows that every warp of the block holds (counts, sums), warp after warp, and hands each total to `store` with
/// its place in the row. Uses warps · length f32 of shared memory from `offset` on. All threads of the block take part.
void addRowsOfWarps(GPUStage &stage, WarpRow &row, llvm::ArrayRef<mlir::Value> values, int64_t offset,
                    llvm::function_ref<void(mlir::Value index, mlir::Value total)> store);

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_WARPROW_H
