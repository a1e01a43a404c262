//===- LinearDecompositions.cpp - the dense feed-forward block in program operations ------------------------------===//
//
// down(silu(gate(x)) · up(x)) as three linear layers and SwiGLU.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> GatedMLPOp::decompose(OpBuilder &builder) {
  auto type = cast<RankedTensorType>(getInput().getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = getWidth();
  auto wide = RankedTensorType::get(shape, type.getElementType());
  auto linear = [&](Value input, unsigned weight, Type result) -> Value {
    return LinearOp::create(builder, getLoc(), result, input, getWeights()[weight], /*parameters=*/ArrayAttr(),
                            /*compute=*/TypeAttr());
  };
  Value gate = linear(getInput(), 0, wide);
  Value up = linear(getInput(), 1, wide);
  Value activated = SwiGLUOp::create(builder, getLoc(), gate, up);
  return {linear(activated, 2, getType())};
}
