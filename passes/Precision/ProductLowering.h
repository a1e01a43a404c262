//===- ProductLowering.h - factors and results of products in a narrower type -------------------------------------===//
//
// What hadal-decide-roundings decides by and hadal-lower-precision carries out. It follows from three rules, in this
// order:
//
// 1. Factors. Every factor of a product (ProductOpInterface) is rounded to the product's type by arith.truncf: the type
//    that the product asks for, or else the program's. A value is rounded once, where it is made, so that the rounding
//    becomes part of the kernel that makes it; a parameter, before the first product that reads it. Rows that are only
//    selected are rounded before the selection, once for all their copies.
// 2. Results. A result of such a product is made in that type, too, if everything that reads it takes it for an
//    activation: a product (which would round it), an operation along rows, or an operation whose kernel widens it
//    while it is read. All but the products read it through arith.extf. A result that joins a sum stays f32: the
//    residual stream and its gradient, and the gradients of parameters. Where it has been decided already
//    (roundedResultsAttrName), that decision holds, whoever reads the result by now.
// 3. All else stays as it is: f32.
//
// The first rule looks at all products before the second looks at any result, because what a product reads decides how
// the result of another is read.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PRECISION_PRODUCTLOWERING_H
#define HADAL_PASSES_PRECISION_PRODUCTLOWERING_H

#include "passes/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace hadal {

/// Rounds the factors and results of the products of one function.
class ProductLowering {
public:
  explicit ProductLowering(mlir::FloatType precision) : precision(precision) {}

  mlir::LogicalResult run(mlir::func::FuncOp function);

  /// The results that are made in the narrower type now.
  llvm::ArrayRef<mlir::OpResult> getRoundedResults() const { return roundedResults; }

private:
  mlir::FailureOr<mlir::FloatType> decideType(ProductOpInterface op) const;
  mlir::Value round(mlir::Value value, mlir::FloatType type, mlir::Operation *reader);
  mlir::Value roundSelected(KernelOpInterface selection, mlir::FloatType type, mlir::Operation *reader);
  bool isReadAsActivation(mlir::Value value, mlir::FloatType type) const;
  void narrow(mlir::OpResult result, mlir::FloatType type);

  mlir::FloatType precision;
  /// What a value was rounded to.
  llvm::DenseMap<std::pair<mlir::Value, mlir::Type>, mlir::Value> rounded;
  /// Selections that may have lost their last reader.
  llvm::SetVector<mlir::Operation *> selections;
  llvm::SmallVector<mlir::OpResult> roundedResults;
};

} // namespace hadal

#endif // HADAL_PASSES_PRECISION_PRODUCTLOWERING_H
