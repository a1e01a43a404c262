//===- TensorHeadTiles.h - chunks and tiles of the head on tensor cores -------------------------------------------===//
//
// The chunk of tokens is no choice: what its product is added to shows in the bits (docs/rationale/arithmetic.md). The
// tiles of the three products are.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_GPU_TENSORHEADTILES_H
#define HADAL_CODEGEN_SELECTION_GPU_TENSORHEADTILES_H

#include "codegen/Anatomy/Head.h"
#include "codegen/Selection/GPU/TensorTiles.h"

namespace hadal {

inline bool hasGradients(const Head &head) { return head.hiddenGradient.exists() || head.weightGradient.exists(); }

/// Tokens of a chunk.
inline int64_t tensorHeadChunk(const Head &head) {
  return hasGradients(head) ? std::min(head.tokens, arithmetic::hopper::headChunk) : head.tokens;
}

/// The one candidate: the fastest tiles for each product.
Candidate proposeTensorHead(const Head &head, const TargetDescription &target, mlir::MLIRContext *context);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_GPU_TENSORHEADTILES_H
