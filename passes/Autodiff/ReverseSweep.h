//===- ReverseSweep.h - reverse-mode differentiation of a straight-line block -------------------------------------===//
//
// Appends the backward pass of a block to it.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_AUTODIFF_REVERSESWEEP_H
#define HADAL_PASSES_AUTODIFF_REVERSESWEEP_H

#include "passes/Passes.h"

namespace hadal {

/// Differentiates a block without a terminator. Give the values whose gradients are wanted and the gradients of the
/// results to start from, then run.
class ReverseSweep {
public:
  explicit ReverseSweep(mlir::Block &block) : block(block), builder(mlir::OpBuilder::atBlockEnd(&block)) {}

  /// Asks for the gradient of `value`; it is added to `start` where the number `adds` is not 0, and takes its place
  /// where it is.
  void addTarget(mlir::Value value, mlir::Value start, mlir::Value adds);
  /// `gradient` flows into `value`.
  void addSeed(mlir::Value value, mlir::Value gradient);
  mlir::LogicalResult run();
  /// The gradient of a target with what it is added to; null when no seed depends on the target.
  mlir::Value getGradient(mlir::Value target) const { return targets.lookup(target).sum; }

private:
  void findActiveValues();
  mlir::LogicalResult differentiate(mlir::Operation *op);
  void addContribution(mlir::Value value, mlir::Value gradient, mlir::Location loc);

  mlir::Block &block;
  mlir::OpBuilder builder;
  /// Values that depend on a target: only they have gradients.
  llvm::DenseSet<mlir::Value> active;
  struct Target {
    mlir::Value start, adds;
    /// Null before the first contribution.
    mlir::Value sum;
  };
  llvm::DenseMap<mlir::Value, Target> targets;
  /// Gradients of other values, complete when the sweep reaches the operation that defines them.
  llvm::DenseMap<mlir::Value, mlir::Value> gradients;
};

} // namespace hadal

#endif // HADAL_PASSES_AUTODIFF_REVERSESWEEP_H
