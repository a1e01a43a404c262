//===- WriteConfiguration.cpp - a configuration as config.json ----------------------------------------------------===//
//
// The fields that the hub's files have, in alphabetical order, so that equal configurations are equal files.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/Configuration.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

using namespace hadal;
using namespace hadal::huggingface;

namespace {
/// Fields and the text of their values, in order.
using Fields = std::map<std::string, std::string>;
} // namespace

static std::string quoted(llvm::StringRef text) { return ("\"" + text + "\"").str(); }
static std::string flag(bool value) { return value ? "true" : "false"; }

static std::string writeObject(const Fields &fields, unsigned indent) {
  std::string text = "{\n";
  for (const auto &[name, value] : fields) {
    text += std::string(indent + 2, ' ') + quoted(name) + ": " + value;
    text += name == fields.rbegin()->first ? "\n" : ",\n";
  }
  return text + std::string(indent, ' ') + "}";
}

static std::string writeYarn(const Configuration &config) {
  if (!config.yarn)
    return "null";
  const YarnScaling &yarn = *config.yarn;
  return writeObject({{"type", quoted("yarn")},
                      {"rope_type", quoted("yarn")},
                      {"rope_theta", realText(config.theta)},
                      {"factor", realText(yarn.factor)},
                      {"original_max_position_embeddings", std::to_string(yarn.originalLength)},
                      {"beta_fast", realText(yarn.betaFast)},
                      {"beta_slow", realText(yarn.betaSlow)},
                      {"mscale", realText(yarn.mscale)},
                      {"mscale_all_dim", realText(yarn.mscaleAllDim)}},
                     2);
}

/// The longest sequence: as the model says, or as far as its rotary embedding was extended.
static int64_t contextLength(const Configuration &config) {
  constexpr double limit = std::numeric_limits<int32_t>::max();
  if (config.contextLength)
    return *config.contextLength;
  return config.yarn ? int64_t(std::min(config.yarn->factor * double(config.yarn->originalLength), limit)) : 4096;
}

static void addArchitecture(const Configuration &config, Fields &fields) {
  bool v2 = config.isSoftmax();
  fields["architectures"] = v2 ? "[\"DeepseekV2ForCausalLM\"]" : "[\"DeepseekV3ForCausalLM\"]";
  fields["model_type"] = quoted(config.modelType);
  fields["attention_bias"] = flag(false);
  fields["attention_dropout"] = "0.0";
  fields["hidden_act"] = quoted("silu");
  fields["tie_word_embeddings"] = flag(false);
  fields["torch_dtype"] = quoted("float32");
  fields["use_cache"] = flag(true);
}

static void addSizes(const Configuration &config, Fields &fields) {
  fields["vocab_size"] = std::to_string(config.vocabulary);
  fields["hidden_size"] = std::to_string(config.hidden);
  fields["intermediate_size"] = std::to_string(config.denseWidth);
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
  if (!config.isSoftmax())
    fields["num_nextn_predict_layers"] = std::to_string(config.mtpDepth);
}

static void addMixture(const Configuration &config, Fields &fields) {
  fields["first_k_dense_replace"] = std::to_string(config.denseLayers);
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
  Fields fields;
  addArchitecture(config, fields);
  addSizes(config, fields);
  addMixture(config, fields);
  return writeObject(fields, 0) + "\n";
}
