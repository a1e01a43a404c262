//===- HeadChunk.cpp - how many tokens the head takes at a time ---------------------------------------------------===//
//
// Chunks are of about equal length, so that the last one does not leave most of the machine idle.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/HeadChunk.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

int64_t hadal::chooseHeadChunk(const Head &head, int64_t mostTokens) {
  mostTokens = std::max<int64_t>(1, mostTokens);
  int64_t chunks = std::max<int64_t>(std::min<int64_t>(2, head.tokens), llvm::divideCeil(head.tokens, mostTokens));
  return llvm::divideCeil(head.tokens, chunks);
}
