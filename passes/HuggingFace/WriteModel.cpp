//===- WriteModel.cpp - a configuration as a model in the dialect -------------------------------------------------===//
//
// Writes the text that a person would: types and the rotary embedding as aliases, one function per part of a layer with
// a line that says what it is, the model from tokens to losses. Text rather than operations, since the printer of
// operations knows neither aliases of our choice nor comments.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/Configuration.h"
#include "passes/HuggingFace/StoredWeights.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace hadal;
using namespace hadal::huggingface;
using llvm::formatv;

namespace {

/// One write of one model. The methods follow the order of the text.
class ModelWriter {
public:
  ModelWriter(const Configuration &configuration, llvm::StringRef name, llvm::raw_ostream &out)
      : config(configuration), name(name), out(out) {}

  void write() {
    writeHeading();
    writeAliases();
    writeAttention();
    if (config.denseLayers > 0 || needsDenseMTP())
      writeDense();
    if (hasMixture())
      writeMixture();
    writeModelBody();
  }

private:
  bool hasMixture() const { return config.hasMixtureLayers() || config.hasMixtureMTP(); }
  bool needsDenseMTP() const { return config.mtpDepth > 0 && !config.hasMixtureMTP(); }
  bool hasBalance() const { return config.options.balanceLoss != ImportOptions::BalanceLoss::None; }
  llvm::StringRef scoreFunction() const { return config.isSoftmax() ? "softmax" : "sigmoid"; }
  std::string eps() const { return realText(config.normEps); }
  std::string latentEps() const { return realText(config.options.latentNormEps); }

  void writeHeading() {
    out << formatv("// A model of type {0}: {1} layers of hidden size {2}", config.modelType, config.layers,
                   config.hidden);
    if (config.hasMixtureLayers() && config.denseLayers > 0)
      out << formatv(", the first {0} dense", config.denseLayers);
    if (config.hasMixtureLayers())
      out << formatv(",\n// {0} of {1} experts for each token", config.mixture->topK, config.mixture->experts);
    if (config.mtpDepth > 0)
      out << formatv("; {0} MTP {1}", config.mtpDepth, config.mtpDepth == 1 ? "block" : "blocks");
    out << ".\n\n";
  }

  void alias(llvm::StringRef alias, const std::string &definition, const std::string &comment) {
    std::string line = formatv("{0,-11} = {1}", alias, definition);
    out << (comment.empty() ? line : std::string(formatv("{0,-42} // {1}", line, comment))) << '\n';
  }

  void channelsAlias(llvm::StringRef name, int64_t channels, const std::string &comment) {
    alias(name, formatv("tensor<?x?x{0}xf32>", channels), comment);
  }

  void writeAliases() {
    alias("!tokens", "tensor<?x?xi32>", "batch × sequence");
    channelsAlias("!hidden", config.hidden, "batch × sequence × hidden");
    if (config.queryRank)
      channelsAlias("!query_rank", *config.queryRank, "compressed queries");
    channelsAlias("!queries", config.heads * (config.nope + config.rope),
                  formatv("{0} heads × ({1} nope | {2} rope)", config.heads, config.nope, config.rope));
    channelsAlias("!latent", config.latentRank + config.rope,
                  formatv("compressed keys and values {0} | rotary key {1}", config.latentRank, config.rope));
    channelsAlias("!values", config.heads * config.value, formatv("{0} heads × {1}", config.heads, config.value));
    if (hasMixture()) {
      channelsAlias("!scores", config.mixture->experts, "one per expert");
      alias("!choices", formatv("tensor<?x?x{0}xi32>", config.mixture->topK), "the experts of a token");
      channelsAlias("!shares", config.mixture->topK, "and their weights");
    }
    writeRope();
    if (config.storedWeights)
      alias("#stored", attributeText(llvm::json::Object(*config.storedWeights)), "");
    out << '\n';
  }

  void writeRope() {
    std::string text = formatv("theta = {0}, dim = {1}", realText(config.theta), config.rope);
    if (config.ropeLayout == RopeLayout::Half)
      text += ", layout = half";
    if (config.yarn) {
      const YarnScaling &yarn = *config.yarn;
      text += formatv(",\n                          yarn = <factor = {0}, original_length = {1}", realText(yarn.factor),
                      yarn.originalLength);
      auto field = [&](llvm::StringRef name, double value, double defaultValue) {
        if (value != defaultValue)
          text += formatv(", {0} = {1}", name, realText(value));
      };
      field("beta_fast", yarn.betaFast, 32.0);
      field("beta_slow", yarn.betaSlow, 1.0);
      field("mscale", yarn.mscale, 1.0);
      field("mscale_all_dim", yarn.mscaleAllDim, 1.0);
      field("attention_factor", yarn.attentionFactor, 0.0);
      text += yarn.truncate ? ">" : ", truncate = false>";
    }
    alias("#rope", "#hadal.rope<" + text + ">", "");
  }

  void writeAttention() {
    if (config.queryRank)
      out << formatv("// Multi-head latent attention: queries compressed to {0}, keys and values to {1} channels.\n",
                     *config.queryRank, config.latentRank);
    else
      out << formatv("// Multi-head latent attention: full queries, keys and values compressed to {0} channels.\n",
                     config.latentRank);
    out << "func.func private @attention(%x: !hidden) -> !hidden {\n"
        << formatv("  %n  = hadal.rms_norm %x \"input_layernorm.weight\" {{eps = {0}} : !hidden\n", eps());
    if (config.queryRank)
      out << "  %a  = hadal.linear %n \"self_attn.q_a_proj.weight\" : !hidden -> !query_rank\n"
          << formatv("  %an = hadal.rms_norm %a \"self_attn.q_a_layernorm.weight\" {{eps = {0}} : !query_rank\n",
                     latentEps())
          << "  %q  = hadal.linear %an \"self_attn.q_b_proj.weight\" : !query_rank -> !queries\n";
    else
      out << "  %q  = hadal.linear %n \"self_attn.q_proj.weight\" : !hidden -> !queries\n";
    out << "  %kv = hadal.linear %n \"self_attn.kv_a_proj_with_mqa.weight\" : !hidden -> !latent\n"
        << "  %o  = hadal.mla_attention %q, %kv \"self_attn.kv_b_proj.weight\", \"self_attn.kv_a_layernorm.weight\"\n"
        << formatv("         {{heads = {0}, nope = {1}, value = {2}, rope = #rope, eps = {3}} : !queries, !latent -> "
                   "!values\n",
                   config.heads, config.nope, config.value, latentEps())
        << "  %y  = hadal.linear %o \"self_attn.o_proj.weight\" : !values -> !hidden\n"
        << "  %r  = arith.addf %x, %y : !hidden\n"
        << "  return %r : !hidden\n"
        << "}\n\n";
  }

  void writeDense() {
    out << formatv("// The feed-forward block of the dense layers.\n")
        << "func.func private @dense_ffn(%x: !hidden) -> !hidden {\n"
        << formatv("  %n = hadal.rms_norm %x \"post_attention_layernorm.weight\" {{eps = {0}} : !hidden\n", eps())
        << formatv("  %y = hadal.gated_mlp %n \"mlp\" {{width = {0}} : !hidden\n", config.denseWidth.value_or(0))
        << "  %r = arith.addf %x, %y : !hidden\n"
        << "  return %r : !hidden\n"
        << "}\n\n";
  }

  /// What the router does beside choosing k experts, in the attributes' order.
  std::string routerAttributes() const {
    const MixtureOfExperts &moe = *config.mixture;
    std::string text = formatv("top_k = {0}", moe.topK);
    if (moe.groups > 1) {
      text += formatv(", groups = {0}, top_groups = {1}", moe.groups, moe.topGroups);
      if (config.isSoftmax())
        text += ", group_score = #hadal.group_score<max>";
      if (config.options.excludedGroups == ExcludedGroups::Zero)
        text += ", excluded_groups = #hadal.excluded_groups<zero>";
    }
    if (moe.normalize)
      text += ", normalize";
    if (moe.scale != 1.0)
      text += ", scale = " + realText(moe.scale);
    return text;
  }

  void writeMixtureComment() {
    const MixtureOfExperts &moe = *config.mixture;
    out << formatv("// The mixture: {0} of {1} experts of width {2}", moe.topK, moe.experts, moe.width);
    if (moe.groups > 1)
      out << formatv(" from the best {0} of {1} groups", moe.topGroups, moe.groups);
    if (moe.shared > 0)
      out << formatv(", {0} shared", moe.shared);
    out << (config.isSoftmax() ? ".\n" : "; the\n// bias takes part in the selection only.\n");
  }

  void writeMixture() {
    const MixtureOfExperts &moe = *config.mixture;
    writeMixtureComment();
    out << "func.func private @moe_ffn(%x: !hidden) -> " << (hasBalance() ? "(!hidden, tensor<f32>)" : "!hidden")
        << " {\n"
        << formatv("  %n = hadal.rms_norm %x \"post_attention_layernorm.weight\" {{eps = {0}} : !hidden\n", eps())
        << "  %s = hadal.linear %n \"mlp.gate.weight\" : !hidden -> !scores\n"
        << formatv("  %i, %w, %load = hadal.router {0} %s{1}\n", scoreFunction(),
                   config.isSoftmax() ? "" : " \"mlp.gate.e_score_correction_bias\"")
        << formatv("         {{{0}} : !scores -> !choices, !shares, tensor<{1}xf32>\n", routerAttributes(), moe.experts)
        << formatv("  %e = hadal.experts %n, %i, %w \"mlp.experts\" {{count = {0}, width = {1}} : !hidden, !choices, "
                   "!shares\n",
                   moe.experts, moe.width);
    writeSharedAndBalance();
    out << "}\n\n";
  }

  void writeSharedAndBalance() {
    const MixtureOfExperts &moe = *config.mixture;
    llvm::StringRef sum = "%e";
    if (moe.shared > 0) {
      out << formatv("  %d = hadal.gated_mlp %n \"mlp.shared_experts\" {{width = {0}} : !hidden\n",
                     moe.shared * moe.width)
          << "  %y = arith.addf %e, %d : !hidden\n";
      sum = "%y";
    }
    out << formatv("  %r = arith.addf %x, {0} : !hidden\n", sum);
    if (config.options.balanceLoss == ImportOptions::BalanceLoss::Sequence)
      out << formatv("  %b = hadal.sequence_balance_loss {0} %s {{top_k = {1}} : !scores\n", scoreFunction(), moe.topK);
    if (config.options.balanceLoss == ImportOptions::BalanceLoss::Variance)
      out << formatv("  %b = hadal.variance_balance_loss {0} %s : !scores\n", scoreFunction());
    out << (hasBalance() ? "  return %r, %b : !hidden, tensor<f32>\n" : "  return %r : !hidden\n");
  }

  /// What does not change the computation; the family where the computation does not tell it.
  void writeHandedOn() {
    const llvm::json::Object &ids = config.tokenIds;
    if (!ids.empty())
      out << ",\n    token_ids = " << attributeText(llvm::json::Object(ids));
    bool softmax = hasMixture() && config.isSoftmax();
    if (config.family != (softmax ? Family::DeepseekV2 : Family::DeepseekV3))
      out << ",\n    family = #hadal.family<" << stringifyFamily(config.family) << ">";
    if (config.storedWeights)
      out << ",\n    stored_weights = #stored";
  }

  void writeModelBody() {
    out << formatv("hadal.model @{0}(%window: !tokens) attributes {{initializer_std = {1}", name,
                   realText(config.initializerStd));
    if (config.contextLength)
      out << formatv(", context_length = {0}", *config.contextLength);
    writeHandedOn();
    out << "} {\n"
        << "  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens\n"
        << "  %next   = hadal.tokens %window ahead 1 : !tokens -> !tokens\n"
        << formatv("  %x = hadal.embedding %tokens \"model.embed_tokens.weight\" {{vocabulary = {0}} : !tokens -> "
                   "!hidden\n",
                   config.vocabulary);
    std::string state = "%x";
    std::vector<std::string> balance;
    if (config.denseLayers > 0) {
      out << formatv("  %d = hadal.layers %x \"model.layers\" 0 to {0} {{@attention, @dense_ffn} : !hidden\n",
                     std::min(config.denseLayers, config.layers));
      state = "%d";
    }
    if (config.hasMixtureLayers()) {
      out << formatv("  %h{0} = hadal.layers {1} \"model.layers\" {2} to {3} {{@attention, @moe_ffn} : !hidden{4}\n",
                     hasBalance() ? ", %balance" : "", state, config.denseLayers, config.layers,
                     hasBalance() ? ", tensor<f32>" : "");
      state = "%h";
      if (hasBalance())
        balance.push_back("%balance");
    }
    out << formatv("  %n = hadal.rms_norm {0} \"model.norm.weight\" {{eps = {1}} : !hidden\n", state, eps())
        << formatv("  %main = hadal.cross_entropy %n, %next \"lm_head.weight\" {{vocabulary = {0}} : !hidden, "
                   "!tokens\n",
                   config.vocabulary);
    if (config.mtpDepth > 0)
      writeMTP(state, balance);
    out << "  hadal.losses main(%main)" << (config.mtpDepth > 0 ? " mtp(%mtp)" : "");
    if (!balance.empty()) {
      out << " balance(";
      llvm::interleaveComma(balance, out);
      out << ")";
    }
    out << "\n}\n";
  }

  /// The MTP blocks are the layers after the last one.
  void writeMTP(llvm::StringRef state, std::vector<std::string> &balance) {
    bool loss = config.hasMixtureMTP() && hasBalance();
    out << formatv("  %mtp{0} = hadal.mtp {1}, %window \"model.layers\" {2} to {3} {{@attention, {4}}\n",
                   loss ? ", %mtp_balance" : "", state, config.layers, config.layers + config.mtpDepth,
                   config.hasMixtureMTP() ? "@moe_ffn" : "@dense_ffn")
        << "         embedding \"model.embed_tokens.weight\" norm \"model.norm.weight\" head \"lm_head.weight\"\n"
        << formatv("         {{vocabulary = {0}, eps = {1}{2}} : !hidden, !tokens -> tensor<f32>{3}\n",
                   config.vocabulary, eps(),
                   config.options.mtpHiddenState == MTPHiddenState::PreNorm
                       ? ", hidden_state = #hadal.mtp_hidden_state<pre_norm>"
                       : "",
                   loss ? ", tensor<f32>" : "");
    if (loss)
      balance.push_back("%mtp_balance");
  }

  const Configuration &config;
  llvm::StringRef name;
  llvm::raw_ostream &out;
};

} // namespace

std::string hadal::huggingface::writeModel(const Configuration &configuration, llvm::StringRef name) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  ModelWriter(configuration, name, stream).write();
  return text;
}
