//===- DescribeModel.cpp - a model in the dialect to a configuration ----------------------------------------------===//
//
// Takes every figure of a configuration from the operation that holds it, then writes the model of that configuration
// and compares: a model is described only when it computes exactly what its description says. So nothing here needs to
// check what it reads. A config.json is written only where transformers makes the same model of it, and when reading it
// again gives the same description.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "passes/HuggingFace/Configuration.h"
#include "passes/HuggingFace/Families.h"
#include "passes/HuggingFace/ReadRope.h"
#include "passes/HuggingFace/SameComputation.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::huggingface;

static llvm::Error cannot(const Twine &reason) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "Hugging Face's DeepSeek models cannot express this model: " + reason);
}

namespace {

class Describer {
public:
  explicit Describer(ModelOp model) : model(model) {}

  llvm::Expected<Configuration> describe() {
    embedding = only<EmbeddingOp>();
    if (!embedding)
      return cannot("it has no hadal.embedding");
    for (Operation &op : model.getBody().front()) {
      if (auto layers = dyn_cast<LayersOp>(op))
        describeLayers(layers);
      if (auto mtp = dyn_cast<MTPOp>(op))
        describeMTP(mtp);
      if (auto norm = dyn_cast<RMSNormOp>(op))
        config.normEps = norm.getEps().convertToDouble();
    }
    if (!attention)
      return cannot("its layers have no hadal.mla_attention");
    describeModelFigures();
    describeAttention();
    describeBlocks();
    describeTokenIds();
    if (!config.options.mtpHiddenState)
      config.options.mtpHiddenState = MTPHiddenState::PostNorm;
    return std::move(config);
  }

private:
  template <typename Op> Op only() {
    auto ops = model.getBody().getOps<Op>();
    return ops.empty() ? Op() : *ops.begin();
  }

  /// Remembers the operations of layer functions that hold figures; later ones of a kind must be equal, or the
  /// comparison fails.
  bool lookInto(Operation *op, ArrayAttr functions) {
    bool mixture = false;
    for (Attribute symbol : functions)
      SymbolTable::lookupNearestSymbolFrom(op, cast<FlatSymbolRefAttr>(symbol))->walk([&](Operation *inner) {
        if (auto found = dyn_cast<MLAAttentionOp>(inner))
          attention = found;
        if (auto found = dyn_cast<ExpertsOp>(inner))
          experts = found;
        if (auto found = dyn_cast<RouterOp>(inner))
          router = found, mixture = true;
        if (auto found = dyn_cast<GatedMLPOp>(inner))
          (getParameterName(found, 0) == "mlp" ? dense : shared) = found;
        if (isa<SequenceBalanceLossOp>(inner))
          balance = ImportOptions::BalanceLoss::Sequence;
        if (isa<VarianceBalanceLossOp>(inner))
          balance = ImportOptions::BalanceLoss::Variance;
      });
    return mixture;
  }

  void describeLayers(LayersOp layers) {
    config.layers = std::max<int64_t>(config.layers, layers.getEnd());
    if (!lookInto(layers, layers.getFunctions()))
      config.denseLayers = std::max<int64_t>(config.denseLayers, layers.getEnd());
  }

  void describeMTP(MTPOp mtp) {
    config.mtpDepth = mtp.getEnd() - mtp.getStart();
    config.options.mtpHiddenState = mtp.getHiddenState();
    lookInto(mtp, mtp.getFunctions());
  }

  void describeModelFigures() {
    bool softmax = router && router.getScoreFunction() == ScoreFunction::Softmax;
    config.family = model.getFamily().value_or(softmax ? Family::DeepseekV2 : Family::DeepseekV3);
    config.modelType = traitsOf(config.family).modelType;
    config.vocabulary = embedding.getVocabulary();
    config.hidden = channels(embedding.getType());
    config.initializerStd = model.getInitializerStd().convertToDouble();
    if (std::optional<uint64_t> length = model.getContextLength())
      config.contextLength = *length;
  }

  void describeAttention() {
    config.heads = attention.getHeads();
    config.nope = attention.getNope();
    config.value = attention.getValue();
    RopeAttr rope = attention.getRope();
    config.rope = rope.getDim();
    config.theta = rope.getTheta();
    config.ropeLayout = rope.getLayout();
    config.latentRank = channels(attention.getLatent().getType()) - rope.getDim();
    config.options.latentNormEps = attention.getEps().convertToDouble();
    if (YarnAttr yarn = rope.getYarn())
      config.yarn =
          YarnScaling{yarn.getFactor(), yarn.getOriginalLength(), yarn.getBetaFast(),        yarn.getBetaSlow(),
                      yarn.getMscale(), yarn.getMscaleAllDim(),   yarn.getAttentionFactor(), yarn.getTruncate()};
    if (auto projection = attention.getQuery().getDefiningOp<LinearOp>())
      if (getParameterName(projection, 0) == "self_attn.q_b_proj.weight")
        config.queryRank = channels(projection.getInput().getType());
  }

  void describeBlocks() {
    if (dense)
      config.denseWidth = dense.getWidth();
    config.options.balanceLoss = balance;
    if (!router || !experts)
      return;
    MixtureOfExperts moe;
    moe.experts = experts.getCount();
    moe.width = experts.getWidth();
    moe.shared = shared ? shared.getWidth() / moe.width : 0;
    moe.topK = router.getTopK();
    moe.groups = router.getGroups();
    moe.topGroups = router.getTopGroups();
    moe.normalize = router.getNormalize();
    moe.scale = router.getScale().convertToDouble();
    config.mixture = moe;
    config.options.excludedGroups = router.getExcludedGroups();
  }

  void describeTokenIds() {
    if (DictionaryAttr ids = model.getTokenIdsAttr())
      for (NamedAttribute id : ids)
        config.tokenIds[id.getName().getValue()] = jsonValue(id.getValue());
  }

  static llvm::json::Value jsonValue(Attribute id) {
    if (auto list = dyn_cast<ArrayAttr>(id))
      return llvm::json::Array(llvm::map_range(list, jsonValue));
    if (auto number = dyn_cast<IntegerAttr>(id))
      return number.getValue().getSExtValue();
    return nullptr;
  }

  ModelOp model;
  Configuration config;
  EmbeddingOp embedding;
  MLAAttentionOp attention;
  ExpertsOp experts;
  RouterOp router;
  GatedMLPOp dense, shared;
  ImportOptions::BalanceLoss balance = ImportOptions::BalanceLoss::None;
};

} // namespace

llvm::Expected<Configuration> hadal::huggingface::describeModel(ModelOp model) {
  llvm::Expected<Configuration> config = Describer(model).describe();
  if (!config)
    return config;
  // A description that is off in a way that makes no valid model ends here too; its diagnostics are nobody's business.
  OwningOpRef<ModuleOp> written;
  {
    ScopedDiagnosticHandler silence(model.getContext(), [](Diagnostic &) { return success(); });
    written = parseSourceString<ModuleOp>(writeModel(*config, "written"), model.getContext());
  }
  if (!written)
    return cannot("its parts do not fit together as theirs do");
  if (llvm::Error difference = checkSameComputation(model, *written->getOps<ModelOp>().begin()))
    return cannot(llvm::toString(std::move(difference)));
  return config;
}

/// Why transformers would make another model of the configuration, or none; empty when it makes the same.
static std::string findDeparture(const Configuration &config) {
  std::string type = config.modelType;
  if (config.options.latentNormEps != 1.0e-6)
    return "the norms inside its attention have an epsilon of " + realText(config.options.latentNormEps) +
           ", which is 1.0e-6 there";
  if (config.isSoftmax() && config.ropeLayout == RopeLayout::Half)
    return "softmax routers belong to deepseek_v2, which has no half layout of the rotary embedding";
  if (config.isSoftmax() && config.hidden % config.heads != 0)
    return "deepseek_v2 has a hidden size that its number of heads divides, got " + std::to_string(config.hidden) +
           " and " + std::to_string(config.heads);
  if (!config.mixture)
    return "";
  const MixtureOfExperts &moe = *config.mixture;
  if (config.isSoftmax() && moe.normalize)
    return "routers of deepseek_v2 do not normalise the weights of a token's experts";
  if (!config.isSoftmax() && moe.experts / moe.groups < 2)
    return "routers of " + type + " add the two best scores of a group, so a group has at least two experts";
  if (moe.groups > 1 && config.options.excludedGroups == ExcludedGroups::Zero && !config.isSoftmax())
    return "its routers give experts in excluded groups the score 0, which is minus infinity there";
  return "";
}

llvm::Expected<std::string> hadal::exportConfig(ModelOp model) {
  llvm::Expected<Configuration> config = describeModel(model);
  if (!config)
    return config.takeError();
  if (std::string departure = findDeparture(*config); !departure.empty())
    return cannot(departure);
  std::string text = writeConfiguration(*config);
  ImportOptions options = config->options;
  options.mtpHiddenState.reset(); // which is a field
  llvm::Expected<Configuration> again = readConfiguration(text, "its config.json", options);
  if (!again)
    return cannot(llvm::toString(again.takeError()));
  if (!config->contextLength)
    config->contextLength = again->contextLength;
  if (config->yarn && config->yarn->attentionFactor == ownAttentionFactor(*config->yarn))
    config->yarn->attentionFactor = 0.0; // which says the same
  if (*again != *config)
    return cannot("its config.json would describe another one");
  return text;
}
