//===- WriteConfiguration.cpp - a configuration as config.json ----------------------------------------------------===//
//
// The fields that the hub's files have, in alphabetical order, so that equal configurations are equal files. Weights
// are exported as f32, so there is no quantization_config, whatever the published ones had.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/Configuration.h"
#include "passes/HuggingFace/Families.h"
#include "passes/HuggingFace/ReadRope.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

using namespace hadal;
using namespace hadal::huggingface;

namespace {
/// FieldTexts and the text of their values, in order.
using FieldTexts = std::map<std::string, std::string>;
} // namespace

static std::string quoted(llvm::StringRef text) { return ("\"" + text + "\"").str(); }
static std::string flag(bool value) { return value ? "true" : "false"; }
static std::string jsonText(const llvm::json::Value &value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

static std::string writeObject(const FieldTexts &fields, unsigned indent) {
  std::string text = "{\n";
  for (const auto &[name, value] : fields) {
    text += std::string(indent + 2, ' ') + quoted(name) + ": " + value;
    text += name == fields.rbegin()->first ? "\n" : ",\n";
  }
  return text + std::string(indent, ' ') + "}";
}

/// Where the family's own code or transformers would make another factor of mscale and mscale_all_dim, the factor
/// itself is written.
static std::string writeYarn(const Configuration &config) {
  if (!config.yarn)
    return "null";
  const YarnScaling &yarn = *config.yarn;
  FieldTexts fields = {{"type", quoted("yarn")},
                       {"rope_type", quoted("yarn")},
                       {"rope_theta", realText(config.theta)},
                       {"factor", realText(yarn.factor)},
                       {"original_max_position_embeddings", std::to_string(yarn.originalLength)},
                       {"beta_fast", realText(yarn.betaFast)},
                       {"beta_slow", realText(yarn.betaSlow)},
                       {"mscale", realText(yarn.mscale)},
                       {"mscale_all_dim", realText(yarn.mscaleAllDim)}};
  double own = ownAttentionFactor(yarn), factor = yarn.attentionFactor != 0.0 ? yarn.attentionFactor : own;
  if (factor != own || factor != transformersAttentionFactor(yarn, /*hasBoth=*/true))
    fields["attention_factor"] = realText(factor);
  if (!yarn.truncate)
    fields["truncate"] = flag(false);
  return writeObject(fields, 2);
}

/// The longest sequence: as the model says, or as far as its rotary embedding was extended.
static int64_t contextLength(const Configuration &config) {
  constexpr double limit = std::numeric_limits<int32_t>::max();
  if (config.contextLength)
    return *config.contextLength;
  return config.yarn ? int64_t(std::min(config.yarn->factor * double(config.yarn->originalLength), limit)) : 4096;
}

static void addArchitecture(const Configuration &config, FieldTexts &fields) {
  const FamilyTraits &family = traitsOf(config.family);
  fields["architectures"] = "[" + quoted(family.architecture) + "]";
  fields["model_type"] = quoted(family.modelType);
  fields["attention_bias"] = flag(false);
  fields["attention_dropout"] = "0.0";
  fields["hidden_act"] = quoted("silu");
  fields["tie_word_embeddings"] = flag(false);
  fields["torch_dtype"] = quoted("float32");
  fields["use_cache"] = flag(true);
  for (const auto &[name, value] : config.tokenIds)
    fields[llvm::StringRef(name).str() + "_token_id"] = jsonText(value);
}

static void addSizes(const Configuration &config, FieldTexts &fields) {
  fields["vocab_size"] = std::to_string(config.vocabulary);
  fields["hidden_size"] = std::to_string(config.hidden);
  if (config.denseWidth)
    fields["intermediate_size"] = std::to_string(*config.denseWidth);
  fields["num_hidden_layers"] = std::to_string(config.layers);
  fields["num_attention_heads"] = fields["num_key_value_heads"] = std::to_string(config.heads);
  fields["q_lora_rank"] = config.queryRank ? std::to_string(*config.queryRank) : "null";
  fields["kv_lora_rank"] = std::to_string(config.latentRank);
  fields["qk_nope_head_dim"] = std::to_string(config.nope);
  fields["qk_rope_head_dim"] = std::to_string(config.rope);
  fields["v_head_dim"] = std::to_string(config.value);
  fields["rms_norm_eps"] = realText(config.normEps);
  fields["initializer_range"] = realText(config.initializerStd);
  fields["max_position_embeddings"] = std::to_string(contextLength(config));
  fields["rope_theta"] = realText(config.theta);
  fields["rope_scaling"] = writeYarn(config);
  if (config.ropeLayout == RopeLayout::Half)
    fields["rope_interleave"] = flag(false);
  if (config.mtpDepth > 0 || !config.isSoftmax())
    fields["num_nextn_predict_layers"] = std::to_string(config.mtpDepth);
  if (config.mtpDepth > 0 && config.options.mtpHiddenState == MTPHiddenState::PreNorm)
    fields["mtp_hidden_state"] = quoted("pre_norm");
}

/// GLM has a name for every layer.
static std::string writeLayerTypes(const Configuration &config) {
  std::string text;
  for (int64_t layer = 0; layer < config.layers; ++layer)
    text += (layer ? ", " : "") + quoted(layer < config.denseLayers ? "dense" : "sparse");
  return "[" + text + "]";
}

/// The MTP blocks count as layers: without a mixture they are dense as well.
static void addMixture(const Configuration &config, FieldTexts &fields) {
  int64_t firstMixture = config.mixture ? config.denseLayers : config.layers + config.mtpDepth;
  fields["first_k_dense_replace"] = std::to_string(firstMixture);
  if (config.family == Family::Glm4MoeLite)
    fields["mlp_layer_types"] = writeLayerTypes(config);
  if (!config.mixture)
    return;
  const MixtureOfExperts &moe = *config.mixture;
  fields["moe_layer_freq"] = "1";
  fields["n_routed_experts"] = std::to_string(moe.experts);
  fields["n_shared_experts"] = std::to_string(moe.shared);
  fields["num_experts_per_tok"] = std::to_string(moe.topK);
  fields["moe_intermediate_size"] = std::to_string(moe.width);
  fields["n_group"] = std::to_string(moe.groups);
  fields["topk_group"] = std::to_string(moe.topGroups);
  fields["topk_method"] = quoted(!config.isSoftmax() ? "noaux_tc" : moe.groups > 1 ? "group_limited_greedy" : "greedy");
  fields["scoring_func"] = quoted(config.isSoftmax() ? "softmax" : "sigmoid");
  fields["norm_topk_prob"] = flag(moe.normalize);
  fields["routed_scaling_factor"] = realText(moe.scale);
}

std::string hadal::huggingface::writeConfiguration(const Configuration &config) {
  FieldTexts fields;
  addArchitecture(config, fields);
  addSizes(config, fields);
  addMixture(config, fields);
  return writeObject(fields, 0) + "\n";
}
