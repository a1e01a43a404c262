//===- Softmax.cpp - softmaxes in parts ---------------------------------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/Softmax.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hadal;

JoinedSoftmax hadal::joinSoftmax(KernelBuilder &k, const SoftmaxPart &before, const SoftmaxPart &next,
                                 function_ref<Value(Value)> exponential) {
  Value maximum = k.select(k.less(before.maximum, next.maximum), next.maximum, before.maximum);
  auto share = [&](Value own) -> Value {
    Value difference = k.subf(own, maximum);
    return exponential ? exponential(difference) : Value(math::ExpOp::create(k.builder, k.loc, difference));
  };
  JoinShares shares{share(before.maximum), share(next.maximum)};
  return {{maximum, shares.join(k, before.sum, next.sum)}, shares};
}
