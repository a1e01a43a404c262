//===- TensorHeadTiles.cpp - chunks and tiles of the head on tensor cores -----------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/GPU/TensorHeadTiles.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

Candidate hadal::proposeTensorHead(const Head &head, const TargetDescription &target, MLIRContext *context) {
  int64_t chunk = tensorHeadChunk(head);
  // The softmax between the products is a launch of its own.
  PredictedTime time = PredictedTime::sum(0, 0, target.launchSeconds());
  auto choose = [&](bool exists, const ProductShape &shape) -> choices::TensorTilesAttr {
    if (!exists)
      return {};
    TensorCandidate product = chooseTensorTiles(shape, target);
    time += product.time;
    return product.tiles.toChoice(context);
  };
  choices::TensorTilesAttr logits = choose(true, head.logits(chunk)),
                           hidden = choose(head.hiddenGradient.exists(), head.hiddenProduct(chunk)),
                           weight = choose(head.weightGradient.exists(), head.weightProduct(chunk));
  return {choices::TensorHeadAttr::get(context, logits, hidden, weight),
          time * double(llvm::divideCeil(head.tokens, chunk))};
}
