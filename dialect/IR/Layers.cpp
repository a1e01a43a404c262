//===- Layers.cpp - how stacks of layers are written out ----------------------------------------------------------===//
//
// Implements writeLayers of hadal.layers and hadal.mtp: the order of the layers, and what stands between them. The
// writer runs the functions.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Interfaces/Layers.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

LayerScope LayerWriter::enterLayer(Operation *stack, StringRef prefix, int64_t layer) const {
  std::string name = prefix.str() + "." + std::to_string(layer);
  return {name + ".", NameLoc::get(builder.getStringAttr(name), stack->getLoc())};
}

FailureOr<SmallVector<Value>> LayersOp::writeLayers(LayerWriter &writer, ValueRange operands) {
  Value hidden = operands.front();
  SmallVector<Value> losses;
  for (int64_t layer = getStart(), end = getEnd(); layer < end; ++layer) {
    LayerScope scope = writer.enterLayer(*this, getPrefix(), layer);
    FailureOr<Value> output = writer.runLayer(*this, getFunctions(), hidden, scope, losses);
    if (failed(output))
      return failure();
    hidden = *output;
  }
  SmallVector<Value> results = {hidden};
  results.append(losses);
  return results;
}

// Depth d merges the hidden state with the embedding of the token d ahead, runs the layer's functions, and predicts the
// token d + 1 ahead through the shared head. Files may repeat the shared embedding and head under the layer: aliases.
FailureOr<SmallVector<Value>> MTPOp::writeLayers(LayerWriter &writer, ValueRange operands) {
  OpBuilder &builder = writer.builder;
  Value hidden = operands[0], window = operands[1];
  Type hiddenType = hidden.getType();
  auto tokensType = RankedTensorType::get(cast<RankedTensorType>(hiddenType).getShape().drop_back(),
                                          cast<RankedTensorType>(window.getType()).getElementType());
  auto names = [&](ArrayRef<StringRef> list) { return builder.getStrArrayAttr(list); };
  std::string normName = getNorm().str();
  Value sum;
  SmallVector<Value> losses;
  int64_t depths = getEnd() - getStart();
  for (int64_t depth = 1; depth <= depths; ++depth) {
    LayerScope scope = writer.enterLayer(*this, getPrefix(), getStart() + depth - 1);
    Location loc = scope.locate(getLoc());
    auto norm = [&](Value input, StringRef weight) -> Value {
      return RMSNormOp::create(builder, loc, hiddenType, input, getEpsAttr(), ValueRange(), names(weight));
    };
    auto tokensAhead = [&](int64_t ahead) -> Value {
      return TokensOp::create(builder, loc, tokensType, window, ahead);
    };
    auto addAlias = [&](Operation *user, StringRef alias) {
      user->setAttr(aliasesAttrName, names(StringRef(scope.prefix + alias.str())));
    };
    if (getHiddenState() == MTPHiddenState::PostNorm)
      hidden = norm(hidden, normName);
    auto embedding = EmbeddingOp::create(builder, loc, hiddenType, tokensAhead(depth), getVocabularyAttr(),
                                         ValueRange(), names(getEmbedding()));
    addAlias(embedding, "embed_tokens.weight");
    std::string merge[] = {scope.prefix + "enorm.weight", scope.prefix + "hnorm.weight",
                           scope.prefix + "eh_proj.weight"};
    Value merged = MTPMergeOp::create(builder, loc, hiddenType, hidden, embedding, getEpsAttr(), ValueRange(),
                                      names({merge[0], merge[1], merge[2]}));
    FailureOr<Value> output = writer.runLayer(*this, getFunctions(), merged, scope, losses);
    if (failed(output))
      return failure();
    hidden = *output;
    normName = scope.prefix + "shared_head.norm.weight";
    auto loss = CrossEntropyOp::create(builder, loc, norm(hidden, normName), tokensAhead(depth + 1),
                                       getVocabularyAttr(), ValueRange(), names(getHead()));
    addAlias(loss, "shared_head.head.weight");
    sum = sum ? arith::AddFOp::create(builder, loc, sum, loss).getResult() : loss.getResult();
  }
  if (depths > 1) {
    auto share = DenseElementsAttr::get(cast<ShapedType>(sum.getType()), float(1.0 / depths));
    Value factor = arith::ConstantOp::create(builder, getLoc(), share);
    sum = arith::MulFOp::create(builder, getLoc(), sum, factor);
  }
  SmallVector<Value> results = {sum};
  results.append(losses);
  return results;
}

int64_t MTPOp::getTokensAhead() { return int64_t(getEnd()) - int64_t(getStart()); }
