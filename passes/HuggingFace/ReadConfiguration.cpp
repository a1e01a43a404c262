//===- ReadConfiguration.cpp - config.json to a configuration -------------------------------------------------===//
//
// Reads the configurations of deepseek_v2, deepseek_v3 and kimi_k2 as the hub and transformers write them. Everything
// is checked here, so that what is read always makes a valid model: a field that is missing, contradicts another one,
// asks for what the family does not have, or is unknown ends in one error that names it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "passes/HuggingFace/Configuration.h"
#include "passes/HuggingFace/Fields.h"

using namespace hadal;
using namespace hadal::huggingface;
using llvm::StringRef;
using llvm::Twine;
namespace json = llvm::json;

// Fields of the hub's files and of transformers that do not change what a model computes: book-keeping, token ids,
// generation, inference settings, the recipe, how weights are stored.
static constexpr StringRef ignoredFields[] = {"_name_or_path",
                                              "add_cross_attention",
                                              "architectures",
                                              "auto_map",
                                              "aux_loss_alpha",
                                              "bad_words_ids",
                                              "begin_suppress_tokens",
                                              "bos_token_id",
                                              "chunk_size_feed_forward",
                                              "cross_attention_hidden_size",
                                              "decoder_start_token_id",
                                              "diversity_penalty",
                                              "do_sample",
                                              "dtype",
                                              "early_stopping",
                                              "encoder_no_repeat_ngram_size",
                                              "eos_token_id",
                                              "ep_size",
                                              "exponential_decay_length_penalty",
                                              "finetuning_task",
                                              "forced_bos_token_id",
                                              "forced_eos_token_id",
                                              "head_dim",
                                              "id2label",
                                              "is_decoder",
                                              "is_encoder_decoder",
                                              "label2id",
                                              "length_penalty",
                                              "max_length",
                                              "min_length",
                                              "no_repeat_ngram_size",
                                              "num_beam_groups",
                                              "num_beams",
                                              "num_return_sequences",
                                              "output_attentions",
                                              "output_hidden_states",
                                              "output_scores",
                                              "pad_token_id",
                                              "prefix",
                                              "pretraining_tp",
                                              "problem_type",
                                              "pruned_heads",
                                              "quantization_config",
                                              "remove_invalid_values",
                                              "repetition_penalty",
                                              "return_dict",
                                              "return_dict_in_generate",
                                              "sep_token_id",
                                              "seq_aux",
                                              "suppress_tokens",
                                              "task_specific_params",
                                              "temperature",
                                              "tf_legacy_loss",
                                              "tie_encoder_decoder",
                                              "tokenizer_class",
                                              "top_k",
                                              "top_p",
                                              "torch_dtype",
                                              "torchscript",
                                              "transformers_version",
                                              "typical_p",
                                              "use_bfloat16",
                                              "use_cache"};

namespace {

class Reader {
public:
  Reader(const json::Object &object, const ImportOptions &options, std::string &error)
      : fields(object, "", error), error(error) {
    config.options = options;
  }

  Configuration read() {
    readModelType();
    readSizes();
    readAttention();
    readRope();
    readMixture();
    readMTP();
    fields.ignore(ignoredFields);
    fields.rejectOthers();
    return config;
  }

private:
  void readModelType() {
    config.modelType = fields.string("model_type");
    if (config.modelType != "deepseek_v2" && config.modelType != "deepseek_v3" && config.modelType != "kimi_k2")
      fields.fail("model_type",
                  "expected \"deepseek_v2\", \"deepseek_v3\" or \"kimi_k2\", got \"" + config.modelType + "\"");
  }

  /// A field for which the family has one value only.
  void expectFalse(StringRef name, StringRef reason) {
    if (fields.boolean(name, false))
      fields.fail(name, "expected false: " + reason);
  }

  /// A length that the dialect bounds.
  int64_t length(StringRef name, int64_t low) {
    int64_t value = fields.integer(name, low);
    if (value > mostLength)
      fields.fail(name, "expected at most " + Twine(mostLength) + ", got " + Twine(value));
    return std::min(value, mostLength);
  }

  void readSizes() {
    config.vocabulary = length("vocab_size", 2);
    config.hidden = fields.integer("hidden_size", 1);
    config.layers = fields.integer("num_hidden_layers", 1);
    if (config.layers > 10000)
      fields.fail("num_hidden_layers", "expected at most 10000 layers, got " + Twine(config.layers));
    config.denseWidth = length("intermediate_size", 1);
    config.normEps = fields.real("rms_norm_eps", 1.0e-6);
    config.initializerStd = fields.real("initializer_range", 0.02);
    config.contextLength = fields.optionalInteger("max_position_embeddings", 1);
    std::string activation = fields.string("hidden_act", "silu");
    if (activation != "silu")
      fields.fail("hidden_act", "expected \"silu\", got \"" + activation + "\"");
    expectFalse("tie_word_embeddings", "the embedding and the head of these models are separate parameters");
    expectFalse("mlp_bias", "linear layers of these models have no bias");
  }

  void readAttention() {
    config.heads = length("num_attention_heads", 1);
    int64_t keyValueHeads = fields.integer("num_key_value_heads", 1, config.heads);
    if (keyValueHeads != config.heads)
      fields.fail("num_key_value_heads", "expected num_attention_heads, " + Twine(config.heads) +
                                             ", since latent attention has no shared heads, got " +
                                             Twine(keyValueHeads));
    config.queryRank = fields.optionalInteger("q_lora_rank", 1);
    config.latentRank = fields.integer("kv_lora_rank", 1);
    config.nope = length("qk_nope_head_dim", 1);
    config.rope = length("qk_rope_head_dim", 2);
    config.value = length("v_head_dim", 1);
    if (config.rope % 2 != 0)
      fields.fail("qk_rope_head_dim",
                  "expected an even number of channels, which rotate in pairs, got " + Twine(config.rope));
    int64_t keyWidth = fields.integer("qk_head_dim", 1, config.nope + config.rope);
    if (keyWidth != config.nope + config.rope)
      fields.fail("qk_head_dim", "expected qk_nope_head_dim + qk_rope_head_dim, " + Twine(config.nope + config.rope) +
                                     ", got " + Twine(keyWidth));
    expectFalse("attention_bias", "linear layers of these models have no bias");
    if (fields.real("attention_dropout", 0.0, /*allowZero=*/true) != 0.0)
      fields.fail("attention_dropout", "expected 0: dropout is not supported");
  }

  /// Older files have `rope_theta` and `rope_scaling`, newer ones `rope_parameters` with both in it.
  void readRope() {
    if (config.isSoftmax())
      fields.ignore({"rope_interleave"});
    else if (!fields.boolean("rope_interleave", true))
      config.ropeLayout = RopeLayout::Half;
    bool hasTheta = fields.has("rope_theta");
    config.theta = fields.real("rope_theta", 10000.0);
    const json::Object *scaling = fields.nested("rope_scaling");
    StringRef name = "rope_scaling";
    if (const json::Object *parameters = fields.nested("rope_parameters")) {
      if (scaling)
        fields.fail("rope_parameters", "expected either this field or rope_scaling, not both");
      scaling = parameters;
      name = "rope_parameters";
    }
    if (scaling)
      readScaling(Fields(*scaling, (name + ".").str(), error), hasTheta);
    if (!(config.theta > 1.0))
      fields.fail("rope_theta", "expected a base greater than 1, got " + realText(config.theta));
  }

  void readScaling(Fields scaling, bool hasTheta) {
    double theta = scaling.real("rope_theta", config.theta);
    if (hasTheta && theta != config.theta)
      scaling.fail("rope_theta",
                   "expected the outer rope_theta, " + realText(config.theta) + ", got " + realText(theta));
    config.theta = theta;
    std::string type = scaling.string("rope_type", scaling.string("type", "default"));
    if (type == "default") {
      scaling.ignore({"factor", "original_max_position_embeddings"});
      return scaling.rejectOthers();
    }
    if (type != "yarn")
      return scaling.fail("type", "expected \"yarn\" or \"default\", got \"" + type + "\"");
    readYarn(scaling);
    scaling.rejectOthers();
  }

  void readYarn(Fields &scaling) {
    YarnScaling yarn;
    yarn.factor = scaling.real("factor");
    yarn.originalLength = scaling.integer("original_max_position_embeddings", 1);
    yarn.betaFast = scaling.real("beta_fast", 32.0);
    yarn.betaSlow = scaling.real("beta_slow", 1.0);
    yarn.mscale = scaling.real("mscale", 1.0, /*allowZero=*/true);
    yarn.mscaleAllDim = scaling.real("mscale_all_dim", 0.0, /*allowZero=*/true);
    if (yarn.factor < 1.0)
      scaling.fail("factor", "expected at least 1, got " + realText(yarn.factor));
    if (yarn.betaFast <= yarn.betaSlow)
      scaling.fail("beta_fast",
                   "expected more than beta_slow, " + realText(yarn.betaSlow) + ", got " + realText(yarn.betaFast));
    config.yarn = yarn;
  }

  void readMixture() {
    if (fields.integer("moe_layer_freq", 1, 1) != 1)
      fields.fail("moe_layer_freq", "expected 1: every layer after the dense ones is a mixture");
    bool present = fields.has("n_routed_experts");
    config.denseLayers = fields.integer("first_k_dense_replace", 0, present ? 0 : config.layers);
    if (!present) {
      if (config.denseLayers < config.layers)
        fields.fail("n_routed_experts", "is missing, but first_k_dense_replace leaves layers that need it");
      return fields.ignore({"n_shared_experts", "num_experts_per_tok", "moe_intermediate_size", "n_group", "topk_group",
                            "topk_method", "scoring_func", "norm_topk_prob", "routed_scaling_factor"});
    }
    MixtureOfExperts moe;
    moe.experts = length("n_routed_experts", 1);
    moe.width = length("moe_intermediate_size", 1);
    moe.shared = fields.integer("n_shared_experts", 0, 0);
    if (moe.shared > mostLength / moe.width)
      fields.fail("n_shared_experts", "expected at most " + Twine(mostLength / moe.width) + " of width " +
                                          Twine(moe.width) + ", got " + Twine(moe.shared));
    moe.topK = fields.integer("num_experts_per_tok", 1);
    if (moe.topK > moe.experts)
      fields.fail("num_experts_per_tok",
                  "expected at most n_routed_experts, " + Twine(moe.experts) + ", got " + Twine(moe.topK));
    readScores(moe);
    readGroups(moe);
    config.mixture = moe;
  }

  void readScores(MixtureOfExperts &moe) {
    std::string expected = config.isSoftmax() ? "softmax" : "sigmoid";
    std::string function = fields.string("scoring_func", expected);
    if (function != expected)
      fields.fail("scoring_func", "expected \"" + expected + "\", as models of type " + config.modelType +
                                      " have it, got \"" + function + "\"");
    moe.normalize = fields.boolean("norm_topk_prob", !config.isSoftmax());
    if (config.isSoftmax() && moe.normalize)
      fields.fail("norm_topk_prob", "expected false: implementations of deepseek_v2 disagree about true");
    moe.scale = fields.real("routed_scaling_factor", 1.0);
  }

  /// noaux_tc: selection bias, groups ranked by the sum of their two best. group_limited_greedy: by the best. greedy:
  /// no groups, whatever n_group says.
  void readGroups(MixtureOfExperts &moe) {
    std::string method = fields.string("topk_method", config.isSoftmax() ? "greedy" : "noaux_tc");
    bool known = config.isSoftmax() ? method == "greedy" || method == "group_limited_greedy" : method == "noaux_tc";
    if (!known)
      fields.fail("topk_method",
                  (config.isSoftmax() ? "expected \"greedy\" or \"group_limited_greedy\"" : "expected \"noaux_tc\"") +
                      Twine(" for models of type ") + config.modelType + ", got \"" + method + "\"");
    std::optional<int64_t> groups = fields.optionalInteger("n_group", 1),
                           topGroups = fields.optionalInteger("topk_group", 1);
    if (method == "greedy")
      return;
    if (groups.has_value() != topGroups.has_value())
      fields.fail(groups ? "topk_group" : "n_group",
                  Twine("is missing, but ") + (groups ? "n_group" : "topk_group") + " is there: expected both or none");
    moe.groups = groups.value_or(1);
    moe.topGroups = topGroups.value_or(1);
    checkGroups(moe);
  }

  void checkGroups(const MixtureOfExperts &moe) {
    int64_t perGroup = moe.experts / moe.groups;
    if (moe.experts % moe.groups != 0)
      fields.fail("n_group",
                  "expected a divisor of n_routed_experts, " + Twine(moe.experts) + ", got " + Twine(moe.groups));
    if (moe.topGroups > moe.groups)
      fields.fail("topk_group", "expected at most n_group, " + Twine(moe.groups) + ", got " + Twine(moe.topGroups));
    if (moe.topK > moe.topGroups * perGroup)
      fields.fail("num_experts_per_tok", "expected at most " + Twine(moe.topGroups * perGroup) +
                                             ", the experts in topk_group groups, got " + Twine(moe.topK));
    if (moe.groups > 1 && perGroup < 2 && !config.isSoftmax())
      fields.fail("n_group", "expected groups of at least two experts, whose scores are added, got groups of one");
  }

  void readMTP() {
    config.mtpDepth = fields.integer("num_nextn_predict_layers", 0, 0);
    if (config.mtpDepth > 10000)
      fields.fail("num_nextn_predict_layers", "expected at most 10000, got " + Twine(config.mtpDepth));
    if (config.mtpDepth > 0 && config.mixture && config.denseLayers > config.layers)
      fields.fail("first_k_dense_replace", "expected at most num_hidden_layers, " + Twine(config.layers) +
                                               ", in a model with MTP, got " + Twine(config.denseLayers));
    // Beyond the last layer the number says nothing.
    config.denseLayers = std::min(config.denseLayers, config.layers);
    if (config.mixture && !config.hasMixtureLayers() && !config.hasMixtureMTP())
      config.mixture.reset();
  }

  Fields fields;
  std::string &error;
  Configuration config;
};

} // namespace

llvm::Expected<Configuration> hadal::huggingface::readConfiguration(StringRef text, StringRef file,
                                                                    const ImportOptions &options) {
  auto fail = [&](const Twine &message) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), file + ": " + message);
  };
  if (std::string message = checkJSON(text); !message.empty())
    return fail("is not valid JSON: " + message);
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value)
    return fail("is not valid JSON: " + llvm::toString(value.takeError()));
  const json::Object *object = value->getAsObject();
  if (!object)
    return fail("expected a JSON object at the top");
  std::string error;
  Configuration config = Reader(*object, options, error).read();
  if (!error.empty())
    return fail(error);
  return config;
}
