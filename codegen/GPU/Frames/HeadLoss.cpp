//===- HeadLoss.cpp - from the tokens' losses to the head's result ------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/HeadLoss.h"
#include "codegen/Target/Arithmetic.h"

using namespace mlir;
using namespace hadal;

static constexpr int64_t threadsOfLoss = arithmetic::hopper::lanes;

void hadal::storeHeadLoss(KernelBuilder &k, KernelOp kernel, const Head &head, Value loss, Value losses, Value token) {
  k.store(loss, losses, token);
  if (head.logProbabilities.exists())
    k.store(arith::NegFOp::create(k.builder, k.loc, loss),
            k.argument(kernel.getNumArguments() + head.logProbabilities.result), token);
}

bool hadal::keepsLogits(const KernelAnatomy &anatomy, Refusals &refusals) {
  if (!anatomy.head()->logitsOfRows.exists())
    return false;
  (void)refusals.add(&anatomy.kernel().getBody().front().front(),
                     "keeps its logits, which no kernel of a GPU does yet: build for the target cpu");
  return true;
}

void hadal::addHeadLossStage(KernelConfiguration &configuration) {
  configuration.addGPUStage("loss", 1, threadsOfLoss, reductionBytes(1, threadsOfLoss));
}

void hadal::emitHeadLoss(GPUStage &stage, KernelOp kernel, const Head &head, Value losses) {
  KernelBuilder &k = stage.k;
  Value sum = k.forReduce(stage.thread(), k.i64(head.tokens), threadsOfLoss, k.f32(0.0),
                          [&](Value token, ValueRange carried) -> SmallVector<Value> {
                            return {k.addf(carried[0], k.load(k.f32(), losses, token))};
                          })[0];
  sum = stage.blockReduceAdd(sum, 0);
  k.ifThen(k.equal(stage.thread(), k.i64(0)), [&] {
    Value mean = k.divf(sum, k.f32(double(head.tokens)));
    Accumulation accumulation(k, head.loss.accumulated);
    mean = accumulation.add(k, mean, [&] { return k.load(k.f32(), k.argument(accumulation.argument())); });
    k.store(mean, k.argument(kernel.getNumArguments() + head.loss.result));
  });
}
