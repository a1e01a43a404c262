//===- Layers.h - what a stack of layers asks of those who write it out or run it ---------------------------------===//
//
// An operation of StackOpInterface says in which order its layers run and what stands between them. Whoever knows the
// functions gives it one of these two: the pass hadal-expand-layers a writer, the reference evaluator a runner.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_INTERFACES_LAYERS_H
#define HADAL_DIALECT_INTERFACES_LAYERS_H

#include "dialect/Reference/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace hadal {

/// Where an operation stands that is written out.
struct LayerScope {
  /// Prefix of parameter names, with its final dot: "model.layers.7."; empty in the model.
  std::string prefix;
  /// The layer from which the function is entered; null in the model.
  mlir::LocationAttr caller;

  mlir::Location locate(mlir::Location callee) const {
    return caller ? mlir::Location(mlir::CallSiteLoc::get(callee, caller)) : callee;
  }
};

class LayerWriter {
public:
  explicit LayerWriter(mlir::OpBuilder &builder) : builder(builder) {}
  virtual ~LayerWriter() = default;

  /// Layer `layer` of the stack.
  LayerScope enterLayer(mlir::Operation *stack, llvm::StringRef prefix, int64_t layer) const;
  /// Runs the functions one after the other on `hidden`, and adds each of their losses to the place it has in `losses`
  /// (empty before the first layer). Failure has been reported.
  virtual mlir::FailureOr<mlir::Value> runLayer(mlir::Operation *stack, mlir::ArrayAttr functions, mlir::Value hidden,
                                                const LayerScope &scope,
                                                llvm::SmallVectorImpl<mlir::Value> &losses) = 0;

  mlir::OpBuilder &builder;
};

namespace reference {

class LayerRunner {
public:
  virtual ~LayerRunner() = default;

  /// Runs the functions in turn with parameters under `layer` ("model.layers.7"): `hidden` goes through them, the
  /// losses that they return are added to `losses` in order. Failure has been reported.
  virtual llvm::LogicalResult runLayer(mlir::Operation *stack, mlir::ArrayAttr functions, llvm::StringRef layer,
                                       Tensor &hidden, llvm::MutableArrayRef<Tensor> losses) = 0;
  /// The value of a parameter, by its absolute name. Failure has been reported.
  virtual llvm::FailureOr<Tensor> getParameter(mlir::Operation *stack, llvm::StringRef name,
                                               mlir::RankedTensorType type) = 0;
};

} // namespace reference
} // namespace hadal

#endif // HADAL_DIALECT_INTERFACES_LAYERS_H
