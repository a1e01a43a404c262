//===- RotaryTable.h - cosines and sines of a rotary embedding ----------------------------------------------------===//
//
// The angles depend on the position only, so their cosines and sines are a constant of the program, computed in double.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_ROTARYTABLE_H
#define HADAL_CODEGEN_EMIT_ROTARYTABLE_H

#include "codegen/Emit/KernelBuilder.h"

namespace hadal {

/// The constant table of a rotary embedding for the given number of positions. For each position: `dim` cosines, one
/// per channel, then `dim` sines, negative for the first channel of a pair and positive for the second. A rotation is
/// then
///
///   y[c] = x[c] · cosine[c] + x[partner of c] · sine[c],
///
/// and the rotation back has a minus. Both carry the attention factor.
mlir::LLVM::GlobalOp createRotaryTable(mlir::OpBuilder &builder, mlir::Location loc, RopeAttr rope, int64_t positions);

/// The same as the product of two short tables, for code that is printed as text and for small caches: the rows of
/// position 0, 64, 128, ... (splitRotaryRows of them), then the rows of positions 0 to 63. With the rows h of
/// position / 64 · 64 and l of position % 64,
///
///   cosine[c] = cosine_h[c] cosine_l[c] - sine_h[c] sine_l[c],   sine[c] = sine_h[c] cosine_l[c] + cosine_h[c]
///   sine_l[c]:
///
/// the signs of the sines come out right, since each stands twice in the one and once in the other. The rows of the
/// first part carry the attention factor.
constexpr int64_t rotaryBlock = 64;
inline int64_t splitRotaryRows(int64_t positions) { return llvm::divideCeil(positions, rotaryBlock); }
mlir::LLVM::GlobalOp createSplitRotaryTable(mlir::OpBuilder &builder, mlir::Location loc, RopeAttr rope,
                                            int64_t positions);

/// Where a row is in a table of `count` positions, from the number (i32) that says its position. A position that the
/// table does not have reads that of 0, and what it is used for has to become NaN: see exists.
struct RowPosition {
  mlir::Value index, exists;
};
RowPosition findRowPosition(KernelBuilder &k, mlir::Value position, int64_t count);

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_ROTARYTABLE_H
