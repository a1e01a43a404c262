//===- RowGather.h - rows that threads bring into a tile ----------------------------------------------------------===//
//
// TMA cannot gather rows on this architecture. A warp group does it with loads of 16 bytes: first into registers, so
// that a step's loads are under way while the step before is multiplied, then into the tile at the swizzled places.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_ROWGATHER_H
#define HADAL_CODEGEN_GPU_FRAMES_ROWGATHER_H

#include "codegen/Anatomy/Contraction.h"
#include "codegen/GPU/Frames/TensorKernel.h"

namespace hadal {

/// What part of an operand the tiles of one place of C cover; numbers are i32.
struct GatherRange {
  mlir::Value extent, extentEnd; // rows of A or columns of B
  mlir::Value depth, depthEnd;
};

class RowGather {
public:
  using Value = mlir::Value;

  /// `tensor` and `pairs` are the pointers to the operand's rows and to the pairs that name them.
  RowGather(TensorKernel &t, const ContractionOperand &operand, Value tensor, Value pairs, tile::MatrixType type,
            const GatherRange &range);

  /// Chunks of 16 bytes that a thread brings per step.
  int64_t chunks() const { return type.bytes() / 16 / warpGroupSize; }
  /// Loads this thread's chunks of a step; what is outside of the range is zero.
  llvm::SmallVector<Value> load(Value step);
  /// Writes them to the step's tile.
  void store(Value tile, mlir::ValueRange chunks);

private:
  /// The row that the pair at a position names; -1 for positions from `end` on.
  Value rowAt(Value position, Value end);
  /// A chunk of a row; zeros when the row is none or the column is `end` or more.
  Value loadChunk(Value row, Value column, Value end);

  TensorKernel &t;
  KernelBuilder &k;
  ContractionOperand operand;
  Value tensor, pairs;
  tile::MatrixType type;
  GatherRange range;
  /// Of this thread: its row among 16 neighbours, and the first element of its chunk within a panel's row.
  Value threadRow, threadColumn;
  /// With contiguous depth the rows are the same in every step.
  llvm::SmallVector<Value> rows;
};

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_ROWGATHER_H
