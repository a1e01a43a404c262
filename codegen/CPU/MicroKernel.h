//===- MicroKernel.h - the register tile of matrix products -------------------------------------------------------===//
//
// The innermost part of every product: a tile of C that lives in vector registers is the sum over k of a column of A
// times a row of B, both read from packed panels that stay in the nearest cache. There are two, for the two orders in
// which products are summed (docs/rationale/arithmetic.md), and of the second one a form for a B that lies in pairs.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_MICROKERNEL_H
#define HADAL_CODEGEN_CPU_MICROKERNEL_H

#include "codegen/CPU/SharedFunctions.h"
#include "codegen/Selection/CPU/ProductTiles.h"

namespace hadal {

/// The depth that a micro-kernel takes per turn of its loop: packed panels are padded with zeros to a multiple.
constexpr int64_t microKernelUnroll = registerTileUnroll;

/// A register tile of `rows` rows by `vectors` vectors, and where A's element (row r, depth k) lies in its panel: at
/// r · rowStride + k · depthStride. B's panel holds for each k the tile's columns side by side, `columnsStride`
/// elements after those of the depth before; 0: without a gap.
struct MicroKernel {
  int64_t rows, vectors;
  int64_t rowStride, depthStride;
  int64_t columnsStride = 0;

  /// Elements of B from a depth to the next, with vectors of so many lanes.
  int64_t stepOfColumns(int64_t lanes) const { return columnsStride ? columnsStride : vectors * lanes; }
  /// What tells its code from that of other tiles.
  std::string name(int64_t lanes) const;
};

/// The shared function (a, b, c, depth, accumulate): c (rows by columns, dense) = A B, or c += A B when accumulate is
/// not 0. The depth is a multiple of microKernelUnroll.
mlir::LLVM::LLVMFuncOp getMicroKernel(KernelBuilder &k, const MicroKernel &tile);

/// The same in steps of the depth, as factors that were bf16 are multiplied: each step's sum is added to c, or to +0
/// when accumulate is 0. The depth is a multiple of arithmetic::depthStep.
mlir::LLVM::LLVMFuncOp getStepKernel(KernelBuilder &k, const MicroKernel &tile);
/// The same for a caller that flushes denormals already (FlushedCalls.h), as one does that multiplies several tiles:
/// flushing waits for what is under way.
mlir::LLVM::LLVMFuncOp getFlushedStepKernel(KernelBuilder &k, const MicroKernel &tile);

/// The same (a, b, c, depth, accumulate, panel) of a B in pairs (getTileLayout): the tile's vectors lie in panels of
/// one vector each, which begin `panel` pairs apart.
mlir::LLVM::LLVMFuncOp getPairKernel(KernelBuilder &k, const MicroKernel &tile);

/// The accumulators, row by row and vector by vector, after A's and B's depth number `depth` from `a` and `b` on.
llvm::SmallVector<mlir::Value> multiplyColumn(KernelBuilder &k, const MicroKernel &tile, mlir::Value a, mlir::Value b,
                                              int64_t depth, llvm::SmallVector<mlir::Value> accumulators);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_MICROKERNEL_H
