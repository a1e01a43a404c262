//===- Evaluator.h - runs functions in float64 --------------------------------------------------------------------===//
//
// The driver of the reference evaluator: it runs a function, a model, an entry point or a kernel on concrete tensors,
// one operation after the other, and is the oracle that kernels, gradients and passes are held against. It works at
// every level: parameters may be named in place (level 1), be arguments (level 2), and operations may lie in kernels
// (level 3).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_REFERENCE_EVALUATOR_H
#define HADAL_DIALECT_REFERENCE_EVALUATOR_H

#include "dialect/IR/Hadal.h"
#include "dialect/Interfaces/Layers.h"
#include "dialect/Reference/Tensor.h"
#include <functional>

namespace hadal::reference {

/// Values of a function while it runs.
class Frame;

class Evaluator : private LayerRunner {
public:
  /// The value of the parameter with this absolute name; failure when there is none.
  using ParameterSource = std::function<llvm::FailureOr<Tensor>(llvm::StringRef name, mlir::RankedTensorType type)>;
  /// Called after every operation, with its operands (parameters that are named in place included) and results.
  using Observer =
      std::function<llvm::LogicalResult(mlir::Operation *, llvm::ArrayRef<Tensor>, llvm::ArrayRef<Tensor>)>;

  explicit Evaluator(ParameterSource parameters = {}, Observer observer = {})
      : parameters(std::move(parameters)), observer(std::move(observer)) {}

  /// Runs a function-like operation. Failure has been reported as an error at the operation that is to blame.
  llvm::LogicalResult evaluate(mlir::FunctionOpInterface function, llvm::ArrayRef<Tensor> arguments,
                               llvm::SmallVectorImpl<Tensor> &results);

private:
  llvm::LogicalResult evaluateOperation(mlir::Operation &op, llvm::SmallVectorImpl<Tensor> &operands,
                                        llvm::SmallVectorImpl<Tensor> &results);
  llvm::LogicalResult evaluateCall(mlir::Operation *op, mlir::SymbolRefAttr callee, llvm::ArrayRef<Tensor> arguments,
                                   llvm::SmallVectorImpl<Tensor> &results);
  llvm::LogicalResult runLayer(mlir::Operation *stack, mlir::ArrayAttr functions, llvm::StringRef layer, Tensor &hidden,
                               llvm::MutableArrayRef<Tensor> losses) override;
  llvm::FailureOr<Tensor> getParameter(mlir::Operation *op, llvm::StringRef absoluteName,
                                       mlir::RankedTensorType type) override;

  ParameterSource parameters;
  Observer observer;
  mlir::SymbolTableCollection symbols;
  /// What the names of parameters are relative to; empty outside layers.
  std::string scope;
  unsigned depth = 0;
};

} // namespace hadal::reference

#endif // HADAL_DIALECT_REFERENCE_EVALUATOR_H
