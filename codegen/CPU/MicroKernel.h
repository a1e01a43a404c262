//===- MicroKernel.h - the register tile of matrix products -------------------------------------------------------===//
//
// The innermost part of every product: a tile of C that lives in vector registers is the sum over k of a column of A
// times a row of B, both read from packed panels that stay in the nearest cache.
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
/// r · rowStride + k · depthStride. B's panel holds for each k the tile's columns side by side.
struct MicroKernel {
  int64_t rows, vectors;
  int64_t rowStride, depthStride;
};

/// The shared function (a, b, c, depth, accumulate): c (rows by columns, dense) = A B, or c += A B when accumulate is
/// not 0. The depth is a multiple of microKernelUnroll.
mlir::LLVM::LLVMFuncOp getMicroKernel(KernelBuilder &k, const MicroKernel &tile);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_MICROKERNEL_H
