//===- Softmax.cpp - softmaxes in parts ---------------------------------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/Softmax.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hadal;

JoinedSoftmax hadal::joinSoftmax(KernelBuilder &k, const SoftmaxPart &before, const SoftmaxPart &next) {
  Value maximum = k.select(k.less(before.maximum, next.maximum), next.maximum, before.maximum);
  auto share = [&](Value own) -> Value { return math::ExpOp::create(k.builder, k.loc, k.subf(own, maximum)); };
  JoinShares shares{share(before.maximum), share(next.maximum)};
  return {{maximum, shares.join(k, before.sum, next.sum)}, shares};
}
