//===- Definitions.h - the formulas that several reference evaluations share --------------------------------------===//
//
// Functions of the model family on float64 tensors, each written as its definition reads. The evaluations of single
// operations, of operations that are made of several (mla_attention, experts, mtp_merge) and of a whole model use them.
//
// Rows: a tensor seen as a matrix has its last dimension as columns and all others, flattened, as rows.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_DIALECT_REFERENCE_DEFINITIONS_H
#define HADAL_DIALECT_REFERENCE_DEFINITIONS_H

#include "dialect/IR/Hadal.h"
#include "dialect/Reference/Tensor.h"

namespace hadal::reference {

/// 1 / (1 + exp(-x)).
double sigmoid(double x);
/// x · sigmoid(x).
double silu(double x);

/// The tensor's shape with another length of the last dimension.
llvm::SmallVector<int64_t> withColumns(const Tensor &tensor, int64_t columns);

/// Emits an error at the operation unless every element of `indices` lies in [0, limit).
llvm::LogicalResult checkIndices(mlir::Operation *op, const Tensor &indices, int64_t limit, llvm::StringRef what);

/// Σ a · b, in four sums that do not wait for each other.
double dot(llvm::ArrayRef<double> a, llvm::ArrayRef<double> b);
/// result += factor · x.
void accumulate(llvm::MutableArrayRef<double> result, double factor, llvm::ArrayRef<double> x);
/// The tensor as a matrix, with its columns as rows.
Tensor transposed(const Tensor &tensor);
/// x Wᵀ with W [out, in].
Tensor linear(const Tensor &x, const Tensor &weight);
/// w · x / sqrt(mean(x²) + eps) along every row.
Tensor rmsNorm(const Tensor &x, const Tensor &weight, double eps);
/// Rows of the table. The tokens are in range.
Tensor embedding(const Tensor &tokens, const Tensor &table);
/// down(silu(gate(x)) · up(x)), each a linear layer.
Tensor gatedMLP(const Tensor &x, const Tensor &gate, const Tensor &up, const Tensor &down);
/// The tokens `ahead` places ahead, `length` of each sequence.
Tensor tokensAhead(const Tensor &window, int64_t ahead, int64_t length);
/// projection [RMSNorm(embedding); RMSNorm(hidden)].
Tensor mtpMerge(const Tensor &hidden, const Tensor &embedding, const Tensor &embeddingNorm, const Tensor &hiddenNorm,
                const Tensor &projection, double eps);

/// log Σ exp of a row, without overflow.
double logSumExp(llvm::ArrayRef<double> row);
/// The mean over rows of log Σ_v exp(z_v) - z_target with z = hidden Wᵀ. The targets are in range.
double crossEntropy(const Tensor &hidden, const Tensor &targets, const Tensor &head);

/// Scores of all experts from their logits.
Tensor routerScores(const Tensor &logits, ScoreFunction function);
/// Gradient of the logits of one row from the gradient of its scores.
void scoreGradient(llvm::ArrayRef<double> scores, llvm::ArrayRef<double> gradient, ScoreFunction function,
                   llvm::MutableArrayRef<double> result);
/// Positions of the `count` largest values, the largest first, the lower position first among equals.
llvm::SmallVector<int64_t> largest(llvm::ArrayRef<double> values, int64_t count);

/// Rotates `rope.dim` channels by the position, and multiplies them by the attention factor. The transposed map turns
/// backwards and multiplies by the same factor.
void rotate(llvm::MutableArrayRef<double> channels, RopeAttr rope, int64_t position, bool transposed);

/// Row of the tensor seen as a matrix.
inline llvm::ArrayRef<double> row(const Tensor &tensor, int64_t index) {
  return llvm::ArrayRef<double>(tensor.data).slice(index * tensor.columns(), tensor.columns());
}
inline llvm::MutableArrayRef<double> row(Tensor &tensor, int64_t index) {
  return llvm::MutableArrayRef<double>(tensor.data).slice(index * tensor.columns(), tensor.columns());
}

/// The number that an integer constant stands for: an i1 is 0 or 1, every other integer is signed.
double toDouble(const llvm::APInt &value);
/// The elements of a constant.
Tensor fromConstant(mlir::DenseElementsAttr elements);
/// The nearest number of a floating-point type, ties to even.
double nearest(double value, mlir::FloatType type);
/// Rounds the elements to those of a type that is narrower than f32; leaves all other tensors as they are.
void roundTo(mlir::Type type, Tensor &tensor);
/// The rounding of exact arithmetic.
inline double asItIs(double value) { return value; }
/// A tensor of rank 0.
inline Tensor scalar(double value) { return Tensor(llvm::ArrayRef<int64_t>(), value); }

} // namespace hadal::reference

#endif // HADAL_DIALECT_REFERENCE_DEFINITIONS_H
