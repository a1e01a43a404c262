//===- GroupedRows.h - which expert's rows a block of threads works on --------------------------------------------===//
//
// Products of rows that are grouped by expert have as many blocks as the rows may need at most; a block finds its place
// at run time from the experts' offsets.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_GROUPEDROWS_H
#define HADAL_CODEGEN_GPU_FRAMES_GROUPEDROWS_H

#include "codegen/GPU/Frames/GPUStage.h"

namespace hadal {

/// The rows of one block: the first (of all rows), how many (0: the block has nothing to do) and whose they are.
struct GroupedRows {
  mlir::Value first, count, expert;
};

/// The block number `task` when every expert's rows are cut into blocks of `rowBlock` and numbered one expert after the
/// other. `offsets` holds `experts` + 1 numbers of type i32. All lanes of a warp take part and get the same.
GroupedRows findGroupedRows(GPUStage &stage, mlir::Value offsets, int64_t experts, int64_t rowBlock, mlir::Value task);

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_GROUPEDROWS_H
