//===- ElementwiseEmitter.h - vectors of an elementwise expression ------------------------------------------------===//
//
// Emits the part of a kernel's body that works element by element: one vector of `lanes` neighbouring columns of one
// row at a time. It serves rowwise kernels, and the epilogues of contractions, which hold the product in registers
// already.
//
// The caller knows where values come from that the expression does not compute: arguments of the kernel, the anchor's
// result, row reductions. It answers for these through `leaf`, which gets the tensor and a shift of the column. A
// tensor whose last dimension is 1 (or that has rank 0) is one number per row: its leaf is a scalar. All other leaves
// are vectors. Everything else is emitted by asking for a value:
//
//   ElementwiseEmitter emitter(k, [&](Value tensor, int64_t shift) -> Value {
//     if (tensor == anchor.getResult()) return accumulator;                       // vector<lanes x f32>
//     auto argument = cast<BlockArgument>(tensor);
//     return k.loadVector(k.argument(argument.getArgNumber()), index, mask);      // or k.load for one number per row
//   });
//   Value result = emitter.emit(yield.getOperand(0));
//   emitter.forget();                                                             // before the next vector
//
// Rowwise operations (rms_norm, swiglu, ...) must have been expanded: see expandRowwiseOps.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_KERNELS_ELEMENTWISEEMITTER_H
#define HADAL_CODEGEN_KERNELS_ELEMENTWISEEMITTER_H

#include "codegen/Kernels/KernelBuilder.h"
#include "llvm/ADT/DenseMap.h"
#include <functional>

namespace hadal {

/// Whether a tensor holds one number per row (or one number).
bool isOnePerRow(mlir::Value tensor);

class ElementwiseEmitter {
public:
  using Value = mlir::Value;
  /// The vector (or number) of a tensor that the expression does not compute, `shift` columns to the right of where the
  /// emitter stands.
  using Leaf = std::function<Value(Value tensor, int64_t shift)>;

  ElementwiseEmitter(KernelBuilder &k, Leaf leaf) : k(k), leaf(std::move(leaf)) {}

  /// The vector of a tensor at the caller's current position, or its number when it has one per row.
  Value emit(Value tensor, int64_t shift = 0);

  /// Gives a tensor the same value at every position and for good (a number per row that was repeated before the loop).
  void define(Value tensor, Value value) { defined[tensor] = value; }

  /// Forgets what was emitted: at the start of every loop body.
  void forget() { emitted.clear(); }

  /// Whether an operation is computed by the emitter; the results of all others are leaves.
  static bool computes(mlir::Operation *op);

  /// Whether a column of a result is another column of an operand: computed only where leaves mind their shift.
  static bool movesColumns(mlir::Operation *op);

  /// The number per row that a tensor repeats along its columns; null for other tensors.
  static Value findRepeatedNumber(Value tensor);

private:
  Value emitOperation(mlir::Operation *op, Value tensor, int64_t shift);

  KernelBuilder &k;
  Leaf leaf;
  llvm::DenseMap<Value, Value> defined;
  llvm::DenseMap<std::pair<Value, int64_t>, Value> emitted;
};

/// A copy of a kernel, outside any module, in which every rowwise operation is written in elementwise arithmetic, row
/// reductions and what moves columns.
mlir::OwningOpRef<KernelOp> expandRowwiseOps(KernelOp kernel);

} // namespace hadal

#endif // HADAL_CODEGEN_KERNELS_ELEMENTWISEEMITTER_H
