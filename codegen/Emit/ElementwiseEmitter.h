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
// It emits what isElementwise says (codegen/Anatomy/Elementwise.h); the results of other operations are leaves. Rowwise
// operations (rms_norm, swiglu, ...) must have been expanded: see expandRowwiseOps there.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_ELEMENTWISEEMITTER_H
#define HADAL_CODEGEN_EMIT_ELEMENTWISEEMITTER_H

#include "codegen/Anatomy/Elementwise.h"
#include "codegen/Emit/KernelBuilder.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include <functional>

namespace hadal {

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

  /// Defines what the expression of `tensor` repeats along the columns, up to reductions, by the numbers of another
  /// emitter: before the loop that reads it. `seen` holds what has been gone through.
  void repeatNumbers(Value tensor, ElementwiseEmitter &numbers, llvm::DenseSet<Value> &seen);

  /// Forgets what was emitted: at the start of every loop body.
  void forget() { emitted.clear(); }

private:
  Value emitOperation(mlir::Operation *op, Value tensor, int64_t shift);
  /// The first summand is computed only where the condition lets it count.
  Value emitConditionalSum(SumOpInterface sum, int64_t shift);

  KernelBuilder &k;
  Leaf leaf;
  llvm::DenseMap<Value, Value> defined;
  llvm::DenseMap<std::pair<Value, int64_t>, Value> emitted;
};

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_ELEMENTWISEEMITTER_H
