//===- ExpertDecompositions.cpp - routed experts in program operations --------------------------------------------===//
//
// Dispatch sorts the (token, choice) pairs by expert; the experts' products then run over consecutive rows, and the
// combination gathers every token's k rows in the order of its choices. No token is dropped: there are always T·k rows.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

SmallVector<Value> ExpertsOp::decompose(OpBuilder &builder) {
  Location loc = getLoc();
  auto indicesType = cast<RankedTensorType>(getIndices().getType());
  auto resultType = cast<RankedTensorType>(getType());
  int64_t pairs = indicesType.getNumElements(), count = getCount(), width = getWidth();
  int64_t channels = resultType.getShape().back();
  Type element = resultType.getElementType(), integer = indicesType.getElementType();
  auto rowsOf = [&](int64_t columns) { return RankedTensorType::get({pairs, columns}, element); };

  auto dispatch = DispatchOp::create(builder, loc, RankedTensorType::get({pairs}, integer), indicesType,
                                     RankedTensorType::get({count + 1}, integer), getIndices());
  Value sorted =
      GatherRowsOp::create(builder, loc, rowsOf(channels), getInput(), dispatch.getPairs(), dispatch.getRows());
  auto product = [&](Value input, unsigned weight, int64_t columns) -> Value {
    return GroupedMatmulOp::create(builder, loc, rowsOf(columns), input, getWeights()[weight], dispatch.getOffsets(),
                                   /*transpose_rhs=*/true, /*compute=*/TypeAttr());
  };
  Value gate = product(sorted, 0, width);
  Value up = product(sorted, 1, width);
  Value activated = SwiGLUOp::create(builder, loc, gate, up);
  Value down = product(activated, 2, channels);
  return {CombineRowsOp::create(builder, loc, resultType, down, dispatch.getRows(), dispatch.getPairs(),
                                getExpertWeights())};
}
