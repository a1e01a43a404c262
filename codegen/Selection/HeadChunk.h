//===- HeadChunk.h - how many tokens the head takes at a time -----------------------------------------------------===//
//
// The logits of one chunk exist at a time. Every target says how many tokens it wants at most.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_HEADCHUNK_H
#define HADAL_CODEGEN_SELECTION_HEADCHUNK_H

#include "codegen/Anatomy/Head.h"

namespace hadal {

/// Tokens of a chunk, at most `mostTokens` (or one): chunks of about equal length, and at least two wherever there are
/// two tokens.
int64_t chooseHeadChunk(const Head &head, int64_t mostTokens);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_HEADCHUNK_H
