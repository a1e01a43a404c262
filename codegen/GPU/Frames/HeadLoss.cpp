//===- HeadLoss.cpp - from the softmax of tokens to the head's results --------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/HeadLoss.h"
#include "codegen/Target/Arithmetic.h"
#include <numbers>

using namespace mlir;
using namespace hadal;

static constexpr int64_t threadsOfLoss = arithmetic::hopper::lanes;

/// ln l.
static Value logarithmOf(KernelBuilder &k, Value sum) {
  return k.mulf(ptx::Log2Op::create(k.builder, k.loc, sum), k.f32(std::numbers::ln2));
}

void hadal::storeHeadLoss(KernelBuilder &k, KernelOp kernel, const Head &head, const TokenSoftmax &softmax,
                          Value losses, Value token) {
  Value loss = k.addf(k.subf(softmax.largest, softmax.target), logarithmOf(k, softmax.sum));
  k.store(loss, losses, token);
  if (head.logProbabilities.exists())
    k.store(arith::NegFOp::create(k.builder, k.loc, loss),
            k.argument(kernel.getNumArguments() + head.logProbabilities.result), token);
}

void hadal::storeNormalizers(KernelBuilder &k, KernelOp kernel, const Head &head, Value largest, Value sum,
                             Value token) {
  if (!head.normalizers.exists())
    return;
  Value normalizers = k.argument(kernel.getNumArguments() + head.normalizers.result), place = k.mul(token, 2);
  k.store(largest, normalizers, place);
  k.store(logarithmOf(k, sum), normalizers, k.add(place, 1));
}

bool hadal::readsPanels(const KernelAnatomy &anatomy, Refusals &refusals) {
  if (!anatomy.head()->weightOperand.isPacked())
    return false;
  (void)refusals.add(&anatomy.kernel().getBody().front().front(),
                     "reads its weight in panels, which are a CPU's: unpack it (hadal.unpack)");
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
