//===- RowPlan.h - how threads share the rows of a rowwise kernel -------------------------------------------------===//
//
// What selection decides for a rowwise kernel on a GPU, and the loops over columns that both selection and lowering
// look at. docs/architecture/gpu-kernels/rowwise.md has the derivation.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_GPU_ROWPLAN_H
#define HADAL_CODEGEN_SELECTION_GPU_ROWPLAN_H

#include "codegen/Anatomy/ColumnSpace.h"
#include "codegen/Anatomy/RowProgram.h"
#include "codegen/Selection/Strategy.h"

namespace hadal {

/// One loop over columns of a pass: the reductions and results that it computes.
struct RowLoop {
  int64_t columns = 0;
  llvm::SmallVector<RowReductionOpInterface> reductions;
  llvm::SmallVector<mlir::OpOperand *> stores;
  ColumnSpace space;

  /// Elements of the vectors of a piece of the space: a power of two that divides its width. Where columns are summed,
  /// it divides every place where the loop is cut: all pieces have the same vectors, numbered from column 0 on.
  int64_t lanesOf(std::pair<int64_t, int64_t> piece, int64_t mostLanes) const;
  /// Vectors of a row, and how many of them (some may not exist) the busiest of its threads goes through.
  int64_t vectors(int64_t mostLanes) const;
  int64_t rounds(int64_t mostLanes, int64_t threadsPerRow) const;
  /// Vectors before the one that a row's first thread takes first of a piece: a vector of a row of sums belongs to the
  /// thread that holds its lanes.
  int64_t skipped(std::pair<int64_t, int64_t> piece, int64_t mostLanes, int64_t threadsPerRow) const;
  /// Accumulators of a thread for each of the loop's sums.
  int64_t accumulators(int64_t mostLanes, int64_t threadsPerRow) const;
};

/// The loops of a pass (see RowProgram::phase), one for every number of columns. Reductions and results with one column
/// are in none.
llvm::SmallVector<RowLoop> getRowLoops(KernelOp kernel, const RowProgram &program, unsigned phase);

struct RowPlan {
  /// Elements that a thread handles at a time where the columns allow it: 16 bytes of the widest operand. Of narrower
  /// ones it then moves less, but a warp still moves whole sectors of memory.
  int64_t lanes = 4;
  /// A row is shared by so many threads (a power of two; more than a warp are a whole block), and a block has so many
  /// rows. Neither changes a bit: sums along a row have lanes of their own (GPUStage::joinLanes).
  int64_t threadsPerRow = 1, rowsPerBlock = 1;
  /// Vectors of a thread that are under way together.
  int64_t unroll = 1;
  /// Whether `unroll` is all that a thread has of a row, so that what it loads stays in registers for all passes.
  bool inRegisters = false;
  /// Reductions of a block through shared memory: 0 when a row is shared by a warp at most.
  int64_t blockReductions = 0;

  int64_t threads() const { return threadsPerRow * rowsPerBlock; }
  int64_t sharedBytes() const;

  static int64_t lanesFor(KernelOp kernel);
  choices::RowPlanAttr toChoice(mlir::MLIRContext *context) const;
  static RowPlan of(choices::RowPlanAttr choice, KernelOp kernel, const RowProgram &program);
};

/// The shapes with their predicted times, in the order in which they are tried. `kernel` is the expanded one.
llvm::SmallVector<Candidate> proposeRowPlans(KernelOp kernel, const RowProgram &program,
                                             const TargetDescription &target);
/// The plan of a choice; failure after a diagnostic when it is none that could have been proposed.
mlir::FailureOr<RowPlan> checkRowPlan(choices::RowPlanAttr choice, KernelOp kernel, const RowProgram &program,
                                      EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_GPU_ROWPLAN_H
