//===- CachedForm.h - @forward for rows that are added to sequences -----------------------------------------------===//
//
// The body of an entry point of a program that generates: operations that read other rows of a sequence read them from
// caches, and the loss of tokens is logits.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PROGRAMS_CACHEDFORM_H
#define HADAL_PASSES_PROGRAMS_CACHEDFORM_H

#include "passes/Transforms/EntryPoint.h"

namespace hadal {

/// Positions of a page of a cache.
constexpr int64_t positionsOfPage = 64;

/// What all entry points of a program have in common.
struct CacheShape {
  /// Pages of all sequences, and of one.
  int64_t pages, pagesOfSequence;
  mlir::FloatType element;

  int64_t positionLimit() const { return pagesOfSequence * positionsOfPage; }
};

/// What becomes of the rows of an entry point.
struct RowRole {
  /// Logits are for one row of each sequence, which the runtime picks; else for every row.
  bool picksRow;
  /// Attention is on what is kept, with the products that would be formed of it taken to the rows
  /// (SequenceOpInterface::buildAbsorbed); else these are formed again.
  bool absorbs;
};

/// Rewrites @forward, which then yields logits, and hidden states where it yielded them (Drafts.h). Caches are states
/// `NAME.0`, `NAME.1`, ... of `module`: the first entry point that names them so makes them, all others find them.
mlir::LogicalResult buildCachedForm(mlir::ModuleOp module, mlir::func::FuncOp forward, const CacheShape &shape,
                                    RowRole role, llvm::StringRef caches = "cache");

} // namespace hadal

#endif // HADAL_PASSES_PROGRAMS_CACHEDFORM_H
