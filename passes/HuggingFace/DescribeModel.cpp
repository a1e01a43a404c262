//===- DescribeModel.cpp - a model in the dialect to a configuration ----------------------------------------------===//
//
// Takes every figure of a configuration from the operation that holds it, then writes the model of that configuration
// and compares: a model is described only when it computes exactly what its description says. So nothing here needs to
// check what it reads.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "passes/HuggingFace/Configuration.h"
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
    if (config.isSoftmax() && config.ropeLayout == RopeLayout::Half)
      return cannot("softmax routers belong to deepseek_v2, which has no half layout of the rotary embedding");
    return config;
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
    config.modelType = router && router.getScoreFunction() == ScoreFunction::Softmax ? "deepseek_v2" : "deepseek_v3";
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
      config.yarn = YarnScaling{yarn.getFactor(),   yarn.getOriginalLength(), yarn.getBetaFast(),
                                yarn.getBetaSlow(), yarn.getMscale(),         yarn.getMscaleAllDim()};
    if (auto projection = attention.getQuery().getDefiningOp<LinearOp>())
      if (getParameterName(projection, 0) == "self_attn.q_b_proj.weight")
        config.queryRank = channels(projection.getInput().getType());
  }

  void describeBlocks() {
    // A model without dense layers leaves their width open; any will do.
    config.denseWidth = dense ? dense.getWidth() : config.hidden;
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

llvm::Expected<std::string> hadal::exportConfig(ModelOp model) {
  llvm::Expected<Configuration> config = describeModel(model);
  if (!config)
    return config.takeError();
  return writeConfiguration(*config);
}
