//===- ReferenceChecks.h - what the passes that check definitions share -------------------------------------------===//
//
// A check runs functions on random arguments, rewrites single operations in a module of their own and compares.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_TRANSFORMS_REFERENCECHECKS_H
#define HADAL_PASSES_TRANSFORMS_REFERENCECHECKS_H

#include "dialect/Reference/Evaluator.h"
#include "dialect/Reference/Inputs.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace hadal {

/// Runs every public function of the module on the inputs and calls `check` after each operation, in functions that
/// are called as well. A failed check does not stop the others.
llvm::LogicalResult checkEveryOperation(mlir::ModuleOp module, const reference::Inputs &inputs,
                                        reference::Evaluator::Observer check);

/// Evaluates what `build` makes of a copy of the operation, in a function of its own whose arguments are the operands,
/// followed by values of `extraTypes`. `build` returns the values to compute; null ones are left out.
/// Fails, after an error at the operation, when the copy's function does not verify or cannot be evaluated.
llvm::LogicalResult
evaluateRewritten(mlir::Operation *op, mlir::TypeRange extraTypes, llvm::ArrayRef<reference::Tensor> arguments,
                  llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Operation *, mlir::OpBuilder &,
                                                                    mlir::ValueRange extraArguments)>
                      build,
                  llvm::SmallVectorImpl<reference::Tensor> &results);

/// The largest difference of two tensors of one shape, relative to their largest element.
struct Difference {
  double relative = 0.0;
  int64_t element = 0;
};
Difference largestDifference(const reference::Tensor &actual, const reference::Tensor &expected);

/// A number with the digits that tell a small difference.
std::string number(double value);

} // namespace hadal

#endif // HADAL_PASSES_TRANSFORMS_REFERENCECHECKS_H
