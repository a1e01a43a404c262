//===- CodeKernel.h - the register tile of products whose B is in codes -------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_CODEKERNEL_H
#define HADAL_CODEGEN_CPU_CODEKERNEL_H

#include "codegen/CPU/MicroKernel.h"
#include "dialect/IR/WeightCodes.h"

namespace hadal {

/// The shared function (a, b, c, depth, accumulate, panel, scales, column, first, groups): c (rows by columns, dense) =
/// A B, or c += A B where accumulate is not 0. The tile's vectors lie in panels of codes, `panel` bytes apart, the
/// first of which begins at `b` with depth `first` of the matrix. `scales` are those of the whole matrix, which has so
/// many `groups` along its depth; `column` is the tile's first column in it. The depth is a multiple of
/// arithmetic::depthStep, and `first` one of a group. With `inSteps` A was bf16.
mlir::LLVM::LLVMFuncOp getCodeKernel(KernelBuilder &k, const MicroKernel &tile, CodeFormat format, bool inSteps);

/// The type of a format's scales.
mlir::Type getScaleElement(KernelBuilder &k, CodeFormat format);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_CODEKERNEL_H
