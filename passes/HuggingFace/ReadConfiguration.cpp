//===- ReadConfiguration.cpp - config.json to a configuration ---------------------------------------------------===//
//
// Reads the configurations of deepseek_v2, deepseek_v3, kimi_k2 and glm4_moe_lite as the hub and transformers write
// them. Everything is checked here, so that what is read always makes a valid model: a field that contradicts another
// one, asks for what the family does not have, or is unknown ends in one error that names it. What a field means that
// is left out, Families.cpp says; null is what the family's class does with None.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "passes/HuggingFace/Configuration.h"
#include "passes/HuggingFace/KnownFields.h"
#include "passes/HuggingFace/ReadRope.h"
#include "passes/HuggingFace/StoredWeights.h"

using namespace hadal;
using namespace hadal::huggingface;
using llvm::StringRef;
using llvm::Twine;
namespace json = llvm::json;

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
    readRope(config, fields, error);
    readLayers();
    readTokenIds();
    config.storedWeights = readStoredWeights(fields, error);
    takeKnownFields(fields);
    fields.rejectOthers();
    return std::move(config);
  }

private:
  void readModelType() {
    config.modelType = fields.string("model_type");
    const FamilyTraits *traits = findFamily(config.modelType);
    if (!traits)
      return fields.fail("model_type",
                         "expected \"deepseek_v2\", \"deepseek_v3\", \"kimi_k2\" or \"glm4_moe_lite\", got "
                         "\"" +
                             config.modelType + "\"");
    config.family = traits->family;
    fields.setFamily(*traits);
  }

  bool isGLM() const { return config.family == Family::Glm4MoeLite; }

  /// A field for which the family has one value only.
  void expectFalse(StringRef name, StringRef reason) {
    if (fields.boolean(name))
      fields.fail(name, "expected false: " + reason);
  }

  /// A length that the dialect bounds.
  int64_t length(StringRef name, int64_t low) {
    int64_t value = fields.integer(name, low);
    if (value > mostLength)
      fields.fail(name, "expected at most " + Twine(mostLength) + ", got " + Twine(value));
    return std::min(value, mostLength);
  }

  int64_t count(StringRef name, int64_t low) {
    int64_t value = fields.integer(name, low);
    if (value > 10000)
      fields.fail(name, "expected at most 10000, got " + Twine(value));
    return std::min<int64_t>(value, 10000);
  }

  void readSizes() {
    config.vocabulary = length("vocab_size", 2);
    config.hidden = length("hidden_size", 1);
    config.layers = count("num_hidden_layers", 1);
    config.denseWidth = length("intermediate_size", 1);
    config.normEps = fields.real("rms_norm_eps");
    config.initializerStd = fields.real("initializer_range");
    config.contextLength = fields.optionalInteger("max_position_embeddings", 1);
    std::string activation = fields.string("hidden_act");
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
    if (fields.has("q_lora_rank"))
      config.queryRank = length("q_lora_rank", 1);
    config.latentRank = length("kv_lora_rank", 1);
    config.nope = length("qk_nope_head_dim", 1);
    config.rope = length("qk_rope_head_dim", 2);
    config.value = length("v_head_dim", 1);
    if (config.rope % 2 != 0)
      fields.fail("qk_rope_head_dim",
                  "expected an even number of channels, which rotate in pairs, got " + Twine(config.rope));
    // All heads together stay far from where the counting of elements ends.
    int64_t widest = config.nope + std::max(config.rope, config.value), most = std::numeric_limits<int32_t>::max();
    if (config.heads > most / widest)
      fields.fail("num_attention_heads", "expected at most " + Twine(most / widest) + " heads of " + Twine(widest) +
                                             " channels, got " + Twine(config.heads));
    int64_t keyWidth = fields.integer("qk_head_dim", 1, config.nope + config.rope);
    if (keyWidth != config.nope + config.rope)
      fields.fail("qk_head_dim", "expected qk_nope_head_dim + qk_rope_head_dim, " + Twine(config.nope + config.rope) +
                                     ", got " + Twine(keyWidth));
    // DeepSeek's classes replace whatever head_dim says; GLM's takes it for qk_rope_head_dim.
    if (isGLM() && fields.integer("head_dim", 1, config.rope) != config.rope)
      fields.fail("head_dim", "expected qk_rope_head_dim, " + Twine(config.rope) + ", whose other name it is");
    expectFalse("attention_bias", "linear layers of these models have no bias");
    if (fields.real("attention_dropout", 0.0, /*allowZero=*/true) != 0.0)
      fields.fail("attention_dropout", "expected 0: dropout is not supported");
  }

  /// Layers from the first mixture on are mixtures, the MTP blocks, which follow the last layer, included.
  void readLayers() {
    config.mtpDepth = fields.has("num_nextn_predict_layers") ? count("num_nextn_predict_layers", 0) : 0;
    config.mtpDepth = config.options.mtpDepth.value_or(config.mtpDepth);
    config.options.mtpDepth.reset();
    readMTPHiddenState();
    if (fields.integer("moe_layer_freq", 1, 1) != 1)
      fields.fail("moe_layer_freq", "expected 1: every layer after the dense ones is a mixture");
    int64_t firstMixture = isGLM() ? readLayerTypes() : fields.integer("first_k_dense_replace", 0);
    int64_t end = config.layers + config.mtpDepth;
    if (firstMixture > config.layers && firstMixture < end)
      fields.fail("first_k_dense_replace", "expected at most num_hidden_layers, " + Twine(config.layers) +
                                               ", in a model with MTP, got " + Twine(firstMixture));
    config.denseLayers = std::min(firstMixture, config.layers);
    if (firstMixture < end)
      readMixture();
    else
      fields.ignore({"n_routed_experts", "n_shared_experts", "num_experts_per_tok", "moe_intermediate_size", "n_group",
                     "topk_group", "topk_method", "scoring_func", "norm_topk_prob", "routed_scaling_factor"});
    if (config.mixture && config.denseLayers == 0)
      config.denseWidth.reset();
  }

  /// The field of Hadal's own exports of models whose MTP blocks are fed before the norm, which no other field says.
  void readMTPHiddenState() {
    std::string state = fields.string("mtp_hidden_state", "post_norm");
    if (state != "post_norm" && state != "pre_norm")
      fields.fail("mtp_hidden_state", "expected \"post_norm\" or \"pre_norm\", got \"" + state + "\"");
    if (!config.options.mtpHiddenState)
      config.options.mtpHiddenState = state == "pre_norm" ? MTPHiddenState::PreNorm : MTPHiddenState::PostNorm;
  }

  /// GLM names the type of every layer, the first being dense where it does not; files of the hub have
  /// first_k_dense_replace as well, which transformers passes over.
  int64_t readLayerTypes() {
    int64_t dense = 1;
    if (const json::Value *types = fields.raw("mlp_layer_types"); types && types->kind() != json::Value::Null)
      dense = countDenseLayers(*types);
    if (!fields.has("first_k_dense_replace"))
      return dense;
    int64_t first = fields.integer("first_k_dense_replace", 0);
    if (std::min(first, config.layers) != dense)
      fields.fail("first_k_dense_replace", "expected " + Twine(dense) +
                                               ", the number of dense layers in "
                                               "mlp_layer_types (without it the first is dense), got " +
                                               Twine(first));
    return first;
  }

  int64_t countDenseLayers(const json::Value &types) {
    auto wrong = [&](const Twine &expected) {
      fields.fail("mlp_layer_types", "expected " + expected);
      return int64_t(0);
    };
    const json::Array *list = types.getAsArray();
    if (!list || int64_t(list->size()) != config.layers)
      return wrong("a list of num_hidden_layers, " + Twine(config.layers) + ", names, \"dense\" or \"sparse\"");
    int64_t dense = 0;
    for (auto [layer, type] : llvm::enumerate(*list)) {
      StringRef name = type.getAsString().value_or("");
      if (name != "dense" && name != "sparse")
        return wrong("\"dense\" or \"sparse\" for layer " + Twine(layer));
      if (name == "dense" && dense++ != int64_t(layer))
        return wrong("the dense layers before the sparse ones, got a dense layer " + Twine(layer));
    }
    return dense;
  }

  void readMixture() {
    if (fields.isGiven("n_routed_experts") && !fields.has("n_routed_experts"))
      fields.fail("n_routed_experts", "is missing, but first_k_dense_replace leaves layers that need it");
    MixtureOfExperts moe;
    moe.experts = length("n_routed_experts", 1);
    moe.width = length("moe_intermediate_size", 1);
    // The family's own code builds no shared experts for null.
    bool none = fields.isGiven("n_shared_experts") && !fields.has("n_shared_experts");
    moe.shared = none ? 0 : fields.integer("n_shared_experts", 0);
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
    moe.normalize = fields.boolean("norm_topk_prob");
    if (config.isSoftmax() && moe.normalize)
      fields.fail("norm_topk_prob", "expected false: implementations of deepseek_v2 disagree about true");
    moe.scale = fields.real("routed_scaling_factor");
  }

  /// noaux_tc: selection bias, groups ranked by the sum of their two best. group_limited_greedy: by the best. greedy:
  /// no groups, whatever n_group says.
  void readGroups(MixtureOfExperts &moe) {
    std::string method = fields.string("topk_method");
    bool known = config.isSoftmax() ? method == "greedy" || method == "group_limited_greedy" : method == "noaux_tc";
    if (!known)
      fields.fail("topk_method",
                  (config.isSoftmax() ? "expected \"greedy\" or \"group_limited_greedy\"" : "expected \"noaux_tc\"") +
                      Twine(" for models of type ") + config.modelType + ", got \"" + method + "\"");
    if (method == "greedy")
      return fields.ignore({"n_group", "topk_group"});
    moe.groups = fields.integer("n_group", 1);
    moe.topGroups = fields.integer("topk_group", 1);
    checkGroupsGiven(moe);
    checkGroups(moe);
  }

  /// One of the two alone is what the class makes of it only where the other one is the class's as well.
  void checkGroupsGiven(const MixtureOfExperts &moe) {
    for (auto [given, value, other] :
         {std::tuple("n_group", moe.groups, "topk_group"), std::tuple("topk_group", moe.topGroups, "n_group")}) {
      std::optional<json::Value> usual = findDefault(traitsOf(config.family), given).value;
      if (fields.isGiven(given) && !fields.isGiven(other) && usual && usual->getAsInteger() != value)
        fields.fail(other, Twine("is missing, but ") + given + " is there: expected both or none");
    }
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
      fields.fail("n_group",
                  Twine("expected groups of at least two experts, whose scores are added, got groups of one") +
                      (fields.isGiven("n_group") ? "" : " (without the field there are 8)"));
  }

  void readTokenIds() {
    for (StringRef name : {"bos", "eos", "pad"}) {
      std::string field = (name + "_token_id").str();
      const json::Value *value = fields.raw(field);
      if (!value)
        continue;
      const json::Array *list = value->getAsArray();
      auto isId = [](const json::Value &id) { return id.getAsInteger().has_value(); };
      if (!(value->kind() == json::Value::Null || isId(*value) || (list && llvm::all_of(*list, isId))))
        fields.fail(field, "expected an integer, a list of integers or null");
      config.tokenIds[name] = *value;
    }
  }

  Fields fields;
  std::string &error;
  Configuration config;
};

} // namespace

/// A field under another name of transformers' gets the name that hub configurations have.
static std::string renameAliases(json::Object &object) {
  constexpr std::pair<StringRef, StringRef> aliases[] = {{"num_mtp_layers", "num_nextn_predict_layers"},
                                                         {"num_local_experts", "n_routed_experts"},
                                                         {"num_experts", "n_routed_experts"}};
  for (auto [alias, name] : aliases) {
    auto found = object.find(alias);
    if (found == object.end())
      continue;
    json::Value value = std::move(found->second);
    object.erase(found);
    const json::Value *given = object.get(name);
    if (given && *given != value)
      return ("field \"" + alias + "\": expected what " + name + " says, whose other name it is").str();
    object[name] = std::move(value);
  }
  return "";
}

/// What stands in place of a JSON text, named by what it is.
static std::string describeOtherText(StringRef text) {
  if (text.ltrim().empty())
    return "is not valid JSON: the file is empty";
  if (text.starts_with("version https://git-lfs"))
    return "is a Git LFS pointer, which stands for the file: fetch the file itself with `git lfs pull`";
  return "";
}

/// The object at the top of the text, or what is wrong.
static llvm::Expected<json::Object> parseObject(StringRef text) {
  auto fail = [&](const Twine &message) { return llvm::createStringError(llvm::inconvertibleErrorCode(), message); };
  if (std::string message = describeOtherText(text); !message.empty())
    return fail(message);
  if (std::string message = checkJSON(text); !message.empty())
    return fail("is not valid JSON: " + message);
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value) {
    llvm::consumeError(value.takeError());
    value = json::parse(quoteNonFinite(text));
  }
  if (!value)
    return fail("is not valid JSON: " + llvm::toString(value.takeError()));
  json::Object *object = value->getAsObject();
  if (!object)
    return fail("expected a JSON object at the top");
  if (std::string message = renameAliases(*object); !message.empty())
    return fail(message);
  return std::move(*object);
}

llvm::Expected<Configuration> hadal::huggingface::readConfiguration(StringRef text, StringRef file,
                                                                    const ImportOptions &options) {
  auto fail = [&](const Twine &message) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), file + ": " + message);
  };
  llvm::Expected<json::Object> object = parseObject(text);
  if (!object)
    return fail(llvm::toString(object.takeError()));
  std::string error;
  Configuration config = Reader(*object, options, error).read();
  if (!error.empty())
    return fail(error);
  return config;
}
