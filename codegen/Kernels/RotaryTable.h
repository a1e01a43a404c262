//===- RotaryTable.h - cosines and sines of a rotary embedding ----------------------------------------------------===//
//
// The angles depend on the position only, so their cosines and sines are a constant of the program, computed in double.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_KERNELS_ROTARYTABLE_H
#define HADAL_CODEGEN_KERNELS_ROTARYTABLE_H

#include "codegen/Kernels/KernelBuilder.h"

namespace hadal {

/// The constant table of a rotary embedding for the given number of positions. For each position: `dim` cosines, one
/// per channel, then `dim` sines, negative for the first channel of a pair and positive for the second. A rotation is
/// then
///
///   y[c] = x[c] · cosine[c] + x[partner of c] · sine[c],
///
/// and the rotation back has a minus. Both carry the attention factor.
mlir::LLVM::GlobalOp createRotaryTable(mlir::OpBuilder &builder, mlir::Location loc, RopeAttr rope, int64_t positions);

} // namespace hadal

#endif // HADAL_CODEGEN_KERNELS_ROTARYTABLE_H
