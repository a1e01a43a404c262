//===- ColumnSums.h - sums over the rows of a small matrix --------------------------------------------------------===//
//
// The second stage of every reduction whose first stage leaves one row per block: adds these rows, column by column, in
// chains (arithmetic::hopper::rowChains), and the chains in order. Further rows of zeros would change no bit.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_COLUMNSUMS_H
#define HADAL_CODEGEN_GPU_FRAMES_COLUMNSUMS_H

#include "codegen/GPU/Frames/GPUStage.h"

namespace hadal {

/// Adds a stage that is emitted by emitColumnSums.
void addColumnSumStage(KernelConfiguration &configuration, llvm::StringRef name, int64_t rows, int64_t columns);

/// A block adds 32 neighbouring columns of a matrix of f32: each of its warps forms a chain of rows, and the first warp
/// adds the chains. `store` gets a column and its sum, once for every column.
void emitColumnSums(GPUStage &stage, mlir::Value matrix, int64_t rows, int64_t columns,
                    llvm::function_ref<void(mlir::Value column, mlir::Value sum)> store);

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_COLUMNSUMS_H
