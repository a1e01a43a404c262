//===- ExpertScores.h - scores of experts and the choice of the best ----------------------------------------------===//
//
// What the router, its gradient and the balance losses share: the scores of one token's experts, and picking the
// largest of a row of numbers one after the other. Rows of numbers live in scratch, padded to whole vectors.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_EXPERTSCORES_H
#define HADAL_CODEGEN_CPU_EXPERTSCORES_H

#include "codegen/Emit/KernelBuilder.h"

namespace hadal {

/// Length of a row in scratch.
int64_t paddedLength(int64_t length, int64_t lanes);

/// Writes the scores of a token to a padded row (0 in the padding) and returns their sum.
mlir::Value emitScores(KernelBuilder &k, ScoreFunction function, mlir::Value logits, int64_t experts,
                       mlir::Value scores);

/// Calls `body` with every whole vector of a padded row.
void forPadded(KernelBuilder &k, int64_t length, llvm::function_ref<void(mlir::Value index)> body);

/// Sum over a row of what `body` returns for each vector.
mlir::Value sumPadded(KernelBuilder &k, int64_t length, llvm::function_ref<mlir::Value(mlir::Value index)> body);

/// Copies a padded row; the padding of the copy is NaN, which is never the largest.
void copyForSelection(KernelBuilder &k, mlir::Value from, int64_t length, mlir::Value to,
                      llvm::function_ref<mlir::Value(mlir::Value index, mlir::Value vector)> change);

/// The position (i32) of the largest number of a row, the lowest of equal ones, which is then struck out by NaN. A row
/// without numbers yields the last position.
mlir::Value takeLargest(KernelBuilder &k, mlir::Value row, int64_t length);

/// Gradient of the logits of one token from that of its scores, both padded rows, stored through `store`.
void emitScoreGradient(KernelBuilder &k, ScoreFunction function, mlir::Value scores, mlir::Value gradient,
                       int64_t experts,
                       llvm::function_ref<void(mlir::Value value, mlir::Value index, mlir::Value mask)> store);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_EXPERTSCORES_H
