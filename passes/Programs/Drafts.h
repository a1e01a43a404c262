//===- Drafts.h - what a model can say of tokens behind the next one ----------------------------------------------===//
//
// A model that is trained to predict further tokens has, beside its main loss, one loss for each of them: depth d reads
// a hidden state of the depth before it (of the main model for d = 1) and tokens that are known by then, and predicts
// the token d + 1 ahead. In a program that generates, depth d drafts that token. What belongs to a depth follows from
// who reads whom, whatever operations it is made of.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PROGRAMS_DRAFTS_H
#define HADAL_PASSES_PROGRAMS_DRAFTS_H

#include "passes/Transforms/EntryPoint.h"

namespace hadal {

/// What entry points hand from the main model to the first depth, and from one depth to the next: an input and a result
/// of one name.
namespace inputs {
constexpr llvm::StringLiteral hidden = "hidden";
} // namespace inputs
namespace results {
constexpr llvm::StringLiteral hidden = "hidden";
} // namespace results

struct DraftDepth {
  /// Its own loss of tokens.
  mlir::Value loss;
  /// The hidden state that it reads, and the one that a further depth would read of it; null: none can be told.
  mlir::Value input, output;
  /// The operations that it has beyond the depth before it.
  llvm::DenseSet<mlir::Operation *> operations;
};

/// The depths of @forward, in their order; none where it has no further losses. Where these are not of the form above,
/// `explain` says why, or nothing and there are none.
mlir::FailureOr<llvm::SmallVector<DraftDepth>> findDraftDepths(mlir::func::FuncOp forward, bool explain);

/// Lets @forward, which has depths, yield what the first of them reads.
mlir::LogicalResult yieldHidden(mlir::func::FuncOp forward);
/// Cuts a depth, from 1 on, out of @forward: its hidden state becomes an input, its loss the main loss, and what a
/// further depth would read a result.
mlir::LogicalResult cutDraft(mlir::func::FuncOp forward, int64_t depth);

} // namespace hadal

#endif // HADAL_PASSES_PROGRAMS_DRAFTS_H
