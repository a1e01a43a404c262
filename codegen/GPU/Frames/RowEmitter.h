//===- RowEmitter.h - the passes of threads over a row ------------------------------------------------------------===//
//
// Emits what the threads that share a row do: the passes of a RowProgram, each a loop over vectors of columns that the
// threads take turns at, the reductions between them, and the results. It also serves purely elementwise kernels, whose
// elements are one long row that all blocks share.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_ROWEMITTER_H
#define HADAL_CODEGEN_GPU_FRAMES_ROWEMITTER_H

#include "codegen/Emit/ElementwiseEmitter.h"
#include "codegen/Emit/RotaryTable.h"
#include "codegen/GPU/Frames/GPUStage.h"
#include "codegen/Selection/GPU/RowPlan.h"
#include "llvm/ADT/DenseSet.h"
#include <array>
#include <map>

namespace hadal {

class RowEmitter {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Tables = llvm::DenseMap<mlir::Attribute, Value>;

  /// `kernel` is expanded (expandRowwiseOps); `tables` holds the address of the table of every rotary embedding.
  RowEmitter(GPUStage &stage, KernelOp kernel, const RowProgram &program, const RowPlan &plan, const Tables &tables)
      : stage(stage), k(stage.k), kernel(kernel), program(program), plan(plan), tables(tables) {}

  /// The part of this thread in a row: it is thread `member` of those that share the row.
  void emitRow(Value row, Value member);
  /// The part of this thread in a kernel without rows.
  void emitElements(int64_t elements, int64_t perThread);

private:
  /// A piece of a loop's columns and how this thread goes through it: item i is vector i of the piece, heads included.
  /// Thread m of a row begins at item m - skipped.
  struct Piece {
    int64_t begin = 0, vectorsPerHead = 1, items = 0, lanes = 1, headWidth = 0, skipped = 0;
  };

  /// Items of a thread: first, first + stride, ...; every thread has those numbered [existFrom, exist).
  struct Items {
    Value first;
    int64_t count = 0, exist = 0, existFrom = 0;
  };

  /// What a thread has of the lanes of a loop's sums: for each of them its accumulators, null until something is added.
  using Accumulators = llvm::SmallVector<llvm::SmallVector<Value>>;

  Value resultPointer(mlir::OpOperand &operand);
  Value load(const OperandColumn &number);
  Value numberOf(Value tensor);
  void emitLoop(const RowLoop &loop, ElementwiseEmitter &numbers);
  void emitPiece(const RowLoop &loop, const Piece &piece, ElementwiseEmitter &numbers, Accumulators &sums);
  void emitChunks(const RowLoop &loop, ElementwiseEmitter &vectors, Accumulators &sums);
  void emitItems(const RowLoop &loop, ElementwiseEmitter &vectors, Accumulators &sums, const Items &items);
  Piece pieceOf(const RowLoop &loop, unsigned number) const;
  Items itemsOf(const Piece &piece);
  Value moveTo(const Items &items, int64_t number);
  void reduceRow(const RowLoop &loop, const Accumulators &sums);

  std::pair<Value, int64_t> place(Value tensor, int64_t shift);
  void preloadPass(llvm::ArrayRef<RowLoop> loops);
  void preload(const RowLoop &loop, const Items &items);
  void preload(Value tensor, int64_t shift, llvm::DenseSet<std::pair<Value, int64_t>> &seen);
  Value vectorOf(Value tensor, int64_t shift);
  Value loadArgument(mlir::BlockArgument argument, int64_t shift);
  int64_t channelOf(RotationOpInterface rotation, int64_t shift);
  int64_t partnerOf(RotationOpInterface rotation, int64_t shift);
  std::pair<Value, Value> angles(RotationOpInterface rotation, int64_t channel);
  Value rotate(RotationOpInterface rotation, int64_t shift);

  GPUStage &stage;
  KernelBuilder &k;
  KernelOp kernel;
  const RowProgram &program;
  const RowPlan &plan;
  const Tables &tables;

  Value row, member;
  /// Threads that share the row.
  int64_t sharers = 1;
  /// Items between two neighbouring ones of a thread.
  int64_t stride = 1;
  llvm::DenseMap<Value, Value> reductions;
  /// Where the row is for rotations that are told.
  llvm::DenseMap<mlir::Operation *, RowPosition> positions;
  int64_t sharedOffset = 0;
  /// What was loaded: by operand, shift, the numbers of the piece that say which columns an item is, and the number of
  /// the thread's item in it. Loops of different tensors may be cut at different columns.
  using LoadedAt = std::array<int64_t, 8>;
  std::map<std::pair<void *, LoadedAt>, Value> loaded;
  // Where the emission stands.
  ElementwiseEmitter *current = nullptr;
  Piece piece;
  Value column, inner;
  int64_t itemNumber = 0;
  bool keepsLoads = false;
};

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_ROWEMITTER_H
