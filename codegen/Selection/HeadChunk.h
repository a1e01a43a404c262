//===- HeadChunk.h - how many tokens the head takes at a time -----------------------------------------------------===//
//
// The logits of one chunk exist at a time. Every target says how many tokens it wants at most.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_HEADCHUNK_H
#define HADAL_CODEGEN_SELECTION_HEADCHUNK_H

#include "codegen/Anatomy/Head.h"
#include "codegen/Selection/Choices.h"

namespace hadal {

/// Tokens of a chunk, at most `mostTokens` (or one): chunks of about equal length, and at least two wherever there are
/// two tokens.
int64_t chooseHeadChunk(const Head &head, int64_t mostTokens);

/// Whether a chunk does not show in the bits of the weight's gradient: whole blocks of its depth, or all tokens.
mlir::LogicalResult checkHeadChunk(const Head &head, int64_t chunk, EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_HEADCHUNK_H
