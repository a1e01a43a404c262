//===- StatedProduct.h - a product that is what its attributes state ----------------------------------------------===//
//
// `trial.product` is an operation of the tests: a matrix product whose form (ContractionOpInterface) is spelled out, so
// that tests reach every form that an operation could state, and forms that none may.
//
//   %y = "trial.product"(%x, %w) {extents = array<i64: 3, 10, 24, 20>,            batches, rows, columns, depth
//                                 lhs = array<i64: 20, 60, 1>,                    strides of batch, row and depth
//                                 rhs = array<i64: 480, 20, 1>,
//                                 result = array<i64: 24, 72>}                    strides of batch and row
//          : (tensor<2x5x60xf32>, tensor<3x24x20xf32>) -> tensor<2x5x72xf32>
//
// A factor with a stride along the depth other than 1 is stated as transposed. `grouped = "rows"` (or "depth") groups
// by the offsets in operand 2; `scaled` gives the left-hand side a scale in operand 2 for each of its blocks of 1 ×
// 128; with `silent` nothing is stated.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TEST_CODEGEN_ANATOMY_STATEDPRODUCT_H
#define HADAL_TEST_CODEGEN_ANATOMY_STATEDPRODUCT_H

#include "dialect/IR/Hadal.h"

namespace hadal::trial {

class TrialDialect : public mlir::Dialect {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TrialDialect)
  explicit TrialDialect(mlir::MLIRContext *context);
  static llvm::StringRef getDialectNamespace() { return "trial"; }
};

class ProductOp
    : public mlir::Op<ProductOp, mlir::OpTrait::ZeroRegions, mlir::OpTrait::OneResult, mlir::OpTrait::ZeroSuccessors,
                      mlir::OpTrait::VariadicOperands, ContractionOpInterface::Trait, ProductOpInterface::Trait,
                      KernelOpInterface::Trait, EvaluableOpInterface::Trait> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ProductOp)
  using Op::Op;
  static llvm::StringRef getOperationName() { return "trial.product"; }
  static llvm::ArrayRef<llvm::StringRef> getAttributeNames() { return {}; }

  std::optional<ContractionForm> getContraction();
  llvm::SmallVector<unsigned> getFactors() { return {0, 1}; }
  KernelKind getKernelKind() { return KernelKind::Contraction; }
  llvm::LogicalResult evaluate(llvm::ArrayRef<reference::Tensor> operands,
                               llvm::SmallVectorImpl<reference::Tensor> &results);
};

} // namespace hadal::trial

#endif // HADAL_TEST_CODEGEN_ANATOMY_STATEDPRODUCT_H
