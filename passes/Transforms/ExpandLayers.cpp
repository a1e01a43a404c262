//===- ExpandLayers.cpp - layers written out ----------------------------------------------------------------------===//
//
// Implements hadal-expand-layers. The body of the model is written anew: its own operations are copied; in place of
// hadal.layers and hadal.mtp come the bodies of their functions, once per layer, one after the other. Copying keeps
// track of the scope, which is the prefix of parameter names, and of the location from which a function is entered, so
// that a diagnostic can name both the line in the layer function and the layer. That the functions exist and fit has
// been verified with hadal.layers and hadal.mtp.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Transforms/Requirements.h"
#include "passes/Transforms/SingleModel.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_EXPANDLAYERS
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {

/// Where a copied operation stands.
struct Scope {
  /// Prefix of parameter names, with its final dot: "model.layers.7."; empty in the model.
  std::string prefix;
  /// The layer from which the function is entered; null in the model.
  LocationAttr caller;

  Location locate(Location callee) const { return caller ? Location(CallSiteLoc::get(callee, caller)) : callee; }
};

/// Copies the body of a model, with its layers written out.
class Expander {
public:
  Expander(OpBuilder &builder, SymbolTable &symbols) : builder(builder), symbols(symbols) {}

  /// Copies the operations of a block except its terminator.
  LogicalResult copyBody(Block &block, const Scope &scope, IRMapping &mapping);

private:
  /// Runs the functions one after the other on `hidden`, and adds each of their losses to the place it has in `losses`
  /// (empty before the first layer).
  FailureOr<Value> runLayer(Operation *user, ArrayAttr functions, Value hidden, const Scope &scope,
                            SmallVectorImpl<Value> &losses);
  FailureOr<SmallVector<Value>> expandLayers(LayersOp op, const Scope &scope, IRMapping &mapping);
  FailureOr<SmallVector<Value>> expandPrediction(MTPOp op, const Scope &scope, IRMapping &mapping);
  void copyOperation(Operation &op, const Scope &scope, IRMapping &mapping);

  Scope enterLayer(Operation *op, StringRef prefix, int64_t layer, const Scope &scope) {
    std::string name = scope.prefix + prefix.str() + "." + std::to_string(layer);
    Location location = NameLoc::get(builder.getStringAttr(name), scope.locate(op->getLoc()));
    return {name + ".", location};
  }

  ArrayAttr name(const Twine &parameter) { return builder.getStrArrayAttr({parameter.str()}); }

  OpBuilder &builder;
  SymbolTable &symbols;
};

LogicalResult Expander::copyBody(Block &block, const Scope &scope, IRMapping &mapping) {
  if (failed(requireNoRegions(block)))
    return failure();
  for (Operation &op : block.without_terminator()) {
    FailureOr<SmallVector<Value>> results;
    if (auto layers = dyn_cast<LayersOp>(op)) {
      results = expandLayers(layers, scope, mapping);
    } else if (auto prediction = dyn_cast<MTPOp>(op)) {
      results = expandPrediction(prediction, scope, mapping);
    } else {
      copyOperation(op, scope, mapping);
      continue;
    }
    if (failed(results))
      return failure();
    mapping.map(op.getResults(), *results);
  }
  return success();
}

void Expander::copyOperation(Operation &op, const Scope &scope, IRMapping &mapping) {
  Operation *copy = builder.clone(op, mapping);
  copy->setLoc(scope.locate(op.getLoc()));
  auto parametrised = dyn_cast<ParametersOpInterface>(copy);
  if (!parametrised || !parametrised.getParametersAttr())
    return;
  SmallVector<Attribute> names;
  for (auto relative : parametrised.getParametersAttr().getAsRange<StringAttr>())
    names.push_back(builder.getStringAttr(scope.prefix + relative.str()));
  parametrised.setParametersAttr(builder.getArrayAttr(names));
}

FailureOr<Value> Expander::runLayer(Operation *user, ArrayAttr functions, Value hidden, const Scope &scope,
                                    SmallVectorImpl<Value> &losses) {
  SmallVector<Value> ownLosses;
  for (auto symbol : functions.getAsRange<FlatSymbolRefAttr>()) {
    auto function = symbols.lookup<func::FuncOp>(symbol.getValue());
    if (!function.getBody().hasOneBlock() || !isa<func::ReturnOp>(function.getBody().front().back()))
      return function.emitError("layer function @") << symbol.getValue() << " branches; layers are straight-line code";
    Block &body = function.getBody().front();
    IRMapping mapping;
    mapping.map(body.getArgument(0), hidden);
    if (failed(copyBody(body, scope, mapping)))
      return failure();
    ValueRange results = body.getTerminator()->getOperands();
    hidden = mapping.lookupOrDefault(results.front());
    for (Value loss : results.drop_front())
      ownLosses.push_back(mapping.lookupOrDefault(loss));
  }
  if (losses.empty()) {
    losses.assign(ownLosses);
    return hidden;
  }
  Location loc = scope.locate(user->getLoc());
  for (auto [sum, loss] : llvm::zip_equal(losses, ownLosses))
    sum = arith::AddFOp::create(builder, loc, sum, loss);
  return hidden;
}

FailureOr<SmallVector<Value>> Expander::expandLayers(LayersOp op, const Scope &scope, IRMapping &mapping) {
  Value hidden = mapping.lookupOrDefault(op.getInput());
  SmallVector<Value> losses;
  for (int64_t layer = op.getStart(), end = op.getEnd(); layer < end; ++layer) {
    Scope inner = enterLayer(op, op.getPrefix(), layer, scope);
    FailureOr<Value> output = runLayer(op, op.getFunctions(), hidden, inner, losses);
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
FailureOr<SmallVector<Value>> Expander::expandPrediction(MTPOp op, const Scope &scope, IRMapping &mapping) {
  Value hidden = mapping.lookupOrDefault(op.getHidden()), window = mapping.lookupOrDefault(op.getWindow());
  Type hiddenType = hidden.getType();
  auto tokensType = RankedTensorType::get(cast<RankedTensorType>(hiddenType).getShape().drop_back(),
                                          cast<RankedTensorType>(window.getType()).getElementType());
  std::string normName = op.getNorm().str();
  Value sum;
  SmallVector<Value> losses;
  int64_t depths = op.getEnd() - op.getStart();
  for (int64_t depth = 1; depth <= depths; ++depth) {
    Scope inner = enterLayer(op, op.getPrefix(), op.getStart() + depth - 1, scope);
    Location loc = inner.locate(op.getLoc());
    auto norm = [&](Value input, StringRef weight) -> Value {
      return RMSNormOp::create(builder, loc, hiddenType, input, op.getEpsAttr(), ValueRange(), name(weight));
    };
    auto tokensAhead = [&](int64_t ahead) -> Value {
      return TokensOp::create(builder, loc, tokensType, window, ahead);
    };
    auto addAlias = [&](Operation *user, StringRef alias) {
      user->setAttr(aliasesAttrName, builder.getStrArrayAttr({inner.prefix + alias.str()}));
    };
    if (op.getHiddenState() == MTPHiddenState::PostNorm)
      hidden = norm(hidden, normName);
    auto embedding = EmbeddingOp::create(builder, loc, hiddenType, tokensAhead(depth), op.getVocabularyAttr(),
                                         ValueRange(), name(op.getEmbedding()));
    addAlias(embedding, "embed_tokens.weight");
    ArrayAttr mergeNames = builder.getStrArrayAttr(
        {inner.prefix + "enorm.weight", inner.prefix + "hnorm.weight", inner.prefix + "eh_proj.weight"});
    Value merged =
        MTPMergeOp::create(builder, loc, hiddenType, hidden, embedding, op.getEpsAttr(), ValueRange(), mergeNames);
    FailureOr<Value> output = runLayer(op, op.getFunctions(), merged, inner, losses);
    if (failed(output))
      return failure();
    hidden = *output;
    normName = inner.prefix + "shared_head.norm.weight";
    auto loss = CrossEntropyOp::create(builder, loc, norm(hidden, normName), tokensAhead(depth + 1),
                                       op.getVocabularyAttr(), ValueRange(), name(op.getHead()));
    addAlias(loss, "shared_head.head.weight");
    sum = sum ? arith::AddFOp::create(builder, loc, sum, loss).getResult() : loss.getResult();
  }
  if (depths > 1) {
    auto share = DenseElementsAttr::get(cast<ShapedType>(sum.getType()), float(1.0 / depths));
    Value factor = arith::ConstantOp::create(builder, scope.locate(op.getLoc()), share);
    sum = arith::MulFOp::create(builder, scope.locate(op.getLoc()), sum, factor);
  }
  SmallVector<Value> results = {sum};
  results.append(losses);
  return results;
}

struct ExpandLayers : hadal::impl::ExpandLayersBase<ExpandLayers> {
  using ExpandLayersBase::ExpandLayersBase;

  /// What uses a function otherwise than as a layer is not compiled.
  LogicalResult checkUses(ModelOp model) {
    WalkResult result = model.walk([](SymbolUserOpInterface op) -> WalkResult {
      if (isa<StackOpInterface>(op.getOperation()))
        return success();
      return op->emitError("'") << op->getName()
                                << "' cannot be compiled: write what it does into the model, or make layers of it";
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult expand(ModuleOp module) {
    FailureOr<ModelOp> model = getSingleModel(module);
    if (failed(model) || failed(checkUses(*model)))
      return failure();
    Block &body = model->getBody().front();
    Region expandedRegion(*model);
    Block &expanded = expandedRegion.emplaceBlock();
    IRMapping mapping;
    for (BlockArgument argument : body.getArguments())
      mapping.map(argument, expanded.addArgument(argument.getType(), argument.getLoc()));
    OpBuilder builder = OpBuilder::atBlockEnd(&expanded);
    SymbolTable symbols(module);
    if (failed(Expander(builder, symbols).copyBody(body, Scope(), mapping)))
      return failure();
    builder.clone(*body.getTerminator(), mapping);
    model->getBody().takeBody(expandedRegion);
    // Functions of a model are layers, or nothing uses them: either way they are no part of the program, and whether
    // they are private means nothing.
    for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      function.erase();
    return success();
  }

  void runOnOperation() override {
    if (failed(expand(getOperation())))
      signalPassFailure();
  }
};
} // namespace
