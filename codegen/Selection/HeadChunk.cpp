//===- HeadChunk.cpp - how many tokens the head takes at a time ---------------------------------------------------===//
//
// Chunks are of about equal length, so that the last one does not leave most of the machine idle.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/HeadChunk.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

int64_t hadal::chooseHeadChunk(const Head &head, int64_t mostTokens) {
  mostTokens = std::max<int64_t>(1, mostTokens);
  int64_t chunks = std::max<int64_t>(std::min<int64_t>(2, head.tokens), llvm::divideCeil(head.tokens, mostTokens));
  return llvm::divideCeil(head.tokens, chunks);
}

LogicalResult hadal::checkHeadChunk(const Head &head, int64_t chunk, EmitError emitError) {
  if (chunk == head.tokens || (chunk > 0 && chunk < head.tokens && chunk % arithmetic::depthBlock == 0))
    return success();
  return emitError() << "a chunk has " << chunk << " tokens, and has to have a multiple of " << arithmetic::depthBlock
                     << " below " << head.tokens << ", or all " << head.tokens;
}
