//===- Families.cpp - the table of families and defaults --------------------------------------------------------===//
//
// Read from configuration_deepseek.py of DeepSeek-V2, DeepSeek-V3 and Kimi-K2 on the hub, and from the classes
// DeepseekV2Config, DeepseekV3Config and Glm4MoeLiteConfig of transformers 5.23. GLM's class is in transformers only.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/Families.h"
#include "llvm/Support/FormatVariadic.h"

using namespace hadal;
using namespace hadal::huggingface;
using llvm::StringRef;
namespace json = llvm::json;

static constexpr FamilyTraits families[] = {
    {"deepseek_v2", Family::DeepseekV2, "DeepseekV2ForCausalLM", ScoreFunction::Softmax, 0},
    {"deepseek_v3", Family::DeepseekV3, "DeepseekV3ForCausalLM", ScoreFunction::Sigmoid, 1},
    {"glm4_moe_lite", Family::Glm4MoeLite, "Glm4MoeLiteForCausalLM", ScoreFunction::Sigmoid, 2},
    {"kimi_k2", Family::DeepseekV3, "DeepseekV3ForCausalLM", ScoreFunction::Sigmoid, 1},
};

namespace {
/// The value of a field that is left out, as JSON, for each family. `null` is Python's None: what it means, the reader
/// knows. Two values ("null|64") are those of the family's own code and of transformers, which disagree.
struct Row {
  StringRef field;
  StringRef values[3];
};
} // namespace

static constexpr StringRef required = "required";
static constexpr StringRef columns[] = {"deepseek_v2", "deepseek_v3, kimi_k2", "glm4_moe_lite"};

static constexpr Row table[] = {
    {"vocab_size", {required, required, required}},
    {"hidden_size", {required, required, required}},
    {"num_hidden_layers", {required, required, required}},
    {"num_attention_heads", {required, required, required}},
    {"intermediate_size", {"11008", "18432", "10240"}},
    {"hidden_act", {"\"silu\"", "\"silu\"", "\"silu\""}},
    {"rms_norm_eps", {"1e-06", "1e-06", "1e-05"}},
    {"initializer_range", {"0.02", "0.02", "0.02"}},
    {"max_position_embeddings", {"2048", "4096", "202752"}},
    {"tie_word_embeddings", {"false", "false", "false"}},
    {"mlp_bias", {"false", "false", "false"}},
    // Attention. Latent attention has no shared heads, so null is the number of heads.
    {"num_key_value_heads", {"null", "null", "null"}},
    {"q_lora_rank", {"1536", "1536", "768"}},
    {"kv_lora_rank", {"512", "512", "512"}},
    {"qk_nope_head_dim", {"128", "128", "192"}},
    {"qk_rope_head_dim", {"64", "64", "64"}},
    {"v_head_dim", {"128", "128", "256"}},
    {"attention_bias", {"false", "false", "false"}},
    {"attention_dropout", {"0.0", "0.0", "0.0"}},
    {"rope_interleave", {"true", "true", "true"}},
    {"rope_theta", {"10000.0", "10000.0", "10000.0"}},
    {"rope_scaling", {"null", "null", "null"}},
    // The mixture.
    {"first_k_dense_replace", {"0", "3", "null"}},
    {"mlp_layer_types", {"null", "null", "null"}},
    {"moe_layer_freq", {"1", "1", "1"}},
    {"n_routed_experts", {"null|64", "256", "64"}},
    {"n_shared_experts", {"null|2", "1", "1"}},
    {"num_experts_per_tok", {"null", "8", "4"}},
    {"moe_intermediate_size", {"1407", "2048", "1536"}},
    {"n_group", {"null", "8", "1"}},
    {"topk_group", {"null", "4", "1"}},
    {"topk_method", {"\"greedy\"", "\"noaux_tc\"", "\"noaux_tc\""}},
    {"scoring_func", {"\"softmax\"", "\"sigmoid\"", "\"sigmoid\""}},
    {"norm_topk_prob", {"false", "true", "true"}},
    {"routed_scaling_factor", {"1.0", "2.5", "1.8"}},
    {"num_nextn_predict_layers", {"0", "1", "0"}},
};

const FamilyTraits *hadal::huggingface::findFamily(StringRef modelType) {
  const auto *found = llvm::find_if(families, [&](const FamilyTraits &f) { return f.modelType == modelType; });
  return found == std::end(families) ? nullptr : found;
}

const FamilyTraits &hadal::huggingface::traitsOf(Family family) {
  return *llvm::find_if(families, [&](const FamilyTraits &f) { return f.family == family; });
}

FieldDefault hadal::huggingface::findDefault(const FamilyTraits &family, StringRef field) {
  const auto *row = llvm::find_if(table, [&](const Row &row) { return row.field == field; });
  if (row == std::end(table) || row->values[family.column] == required)
    return {};
  auto [own, theirs] = row->values[family.column].split('|');
  if (!theirs.empty())
    return {{},
            llvm::formatv("the family's own code takes {0}, transformers {1}", own == "null" ? "none" : own, theirs)};
  return {llvm::cantFail(json::parse(own)), ""};
}

void hadal::huggingface::printDefaults(llvm::raw_ostream &out) {
  out << "| field |";
  for (StringRef column : columns)
    out << ' ' << column << " |";
  out << "\n|---|---|---|---|\n";
  for (const Row &row : table) {
    out << "| `" << row.field << "` |";
    for (StringRef value : row.values)
      out << ' ' << (value.contains('|') ? required : value) << " |";
    out << '\n';
  }
}
