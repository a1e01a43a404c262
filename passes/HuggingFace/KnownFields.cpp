//===- KnownFields.cpp - fields of config.json that do not change what a model computes -------------------------===//
//
// Some never change it, whatever they hold: book-keeping, generation, inference settings, the recipe. Some change
// nothing at one value, at which tools write them, and are refused at others. And names that begin with an underscore
// or with the name of a tool are notes of the tools that wrote the file, which no model reads.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/KnownFields.h"

using namespace hadal::huggingface;
using llvm::StringRef;

static constexpr StringRef ignoredFields[] = {"architectures",
                                              "attention_implementation",
                                              "attn_implementation",
                                              "auto_map",
                                              "aux_loss_alpha",
                                              "bad_words_ids",
                                              "begin_suppress_tokens",
                                              "chunk_size_feed_forward",
                                              "classifier_dropout",
                                              "cls_token_id",
                                              "cross_attention_hidden_size",
                                              "decoder_start_token_id",
                                              "diversity_penalty",
                                              "do_sample",
                                              "dtype",
                                              "early_stopping",
                                              "encoder_no_repeat_ngram_size",
                                              "eod_token_id",
                                              "ep_size",
                                              "experts_implementation",
                                              "exponential_decay_length_penalty",
                                              "finetuning_task",
                                              "forced_bos_token_id",
                                              "forced_eos_token_id",
                                              "gradient_checkpointing",
                                              "head_dim",
                                              "id2label",
                                              "ignore_index",
                                              "is_decoder",
                                              "keys_to_ignore_at_inference",
                                              "label2id",
                                              "length_penalty",
                                              "mask_token_id",
                                              "max_length",
                                              "max_new_tokens",
                                              "max_seq_len",
                                              "min_length",
                                              "model_max_length",
                                              "model_name",
                                              "model_version",
                                              "name_or_path",
                                              "no_repeat_ngram_size",
                                              "num_beam_groups",
                                              "num_beams",
                                              "num_labels",
                                              "num_return_sequences",
                                              "output_attentions",
                                              "output_hidden_states",
                                              "output_scores",
                                              "prefix",
                                              "pretraining_tp",
                                              "problem_type",
                                              "processor_class",
                                              "remove_invalid_values",
                                              "repetition_penalty",
                                              "return_dict",
                                              "return_dict_in_generate",
                                              "router_aux_loss_coef",
                                              "sep_token_id",
                                              "seq_aux",
                                              "suppress_tokens",
                                              "task_specific_params",
                                              "temperature",
                                              "tensor_parallel_size",
                                              "tf_legacy_loss",
                                              "tie_encoder_decoder",
                                              "tie_last_hidden_states",
                                              "tokenizer_class",
                                              "top_k",
                                              "top_p",
                                              "torch_dtype",
                                              "torchscript",
                                              "transformers_version",
                                              "typical_p",
                                              "use_bfloat16",
                                              "use_cache",
                                              "use_mtp"};

// Features of other models, which null switches off.
static constexpr StringRef absentFeatures[] = {"attention_chunk_size", "attn_logit_softcapping",
                                               "final_logit_softcapping", "layer_types", "sliding_window"};

static constexpr StringRef ignoredPrefixes[] = {"_", "unsloth_", "axolotl_", "trl_", "mlx_"};

namespace {
struct Neutral {
  StringRef field;
  StringRef value;
  StringRef reason;
};
} // namespace

static constexpr Neutral neutralFields[] = {
    {"output_router_logits", "false", "the loss on the routers' outputs that it adds is not supported"},
    {"use_mla", "true", "these models have latent attention"},
    {"is_causal", "true", "these models predict the next token"},
    {"partial_rotary_factor", "1.0", "all of qk_rope_head_dim rotates"},
    {"use_sliding_window", "false", "the attention of these models sees every earlier token"},
    {"use_qk_norm", "false", "queries and keys of these models have no norms of their own"},
    {"add_cross_attention", "false", "these models are decoders"},
    {"is_encoder_decoder", "false", "these models are decoders"},
    {"pruned_heads", "{}", "all heads are there"},
    {"per_layer_config", "{}", "all layers have the same sizes"},
    {"hidden_dropout", "0.0", "dropout is not supported"},
    {"moe_dropout", "0.0", "dropout is not supported"}};

void hadal::huggingface::takeKnownFields(Fields &fields) {
  fields.ignore(ignoredFields);
  fields.ignorePrefixed(ignoredPrefixes);
  fields.ignoreNull(absentFeatures);
  for (const Neutral &neutral : neutralFields)
    fields.expect(neutral.field, neutral.value, neutral.reason);
}
