#!/usr/bin/env python3
"""Random weights of one model for hadal and for llama.cpp: a directory of Hugging Face and a GGUF file in bf16.

  test/benchmark/random_model.py FOLDER

writes FOLDER/huggingface (config.json, model.safetensors) and FOLDER/bf16.gguf, both with the same numbers, of the
shape of models/v3_1b.mlir. GGUF names and shapes are those of llama.cpp's conversion/deepseek.py: kv_b_proj is split
in two, keys' part transposed; experts are stacked; the prediction block (MTP) is left out, which that converter does
not write either. The vocabulary has no text: both sides are given tokens.
"""
import json
import pathlib
import sys

import gguf
import torch
from safetensors.torch import save_file

CONFIG = {
    "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "attention_bias": False,
    "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": 1, "ep_size": 1, "first_k_dense_replace": 1,
    "hidden_act": "silu", "hidden_size": 1024, "initializer_range": 0.02, "intermediate_size": 4096,
    "kv_lora_rank": 512, "max_position_embeddings": 4096, "moe_intermediate_size": 512, "moe_layer_freq": 1,
    "n_group": 8, "n_routed_experts": 32, "n_shared_experts": 1, "norm_topk_prob": True, "num_attention_heads": 16,
    "num_experts_per_tok": 4, "num_hidden_layers": 16, "num_key_value_heads": 16, "num_nextn_predict_layers": 1,
    "q_lora_rank": 768, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "rms_norm_eps": 1e-06, "rope_scaling": None,
    "rope_theta": 10000, "routed_scaling_factor": 2.5, "scoring_func": "sigmoid", "tie_word_embeddings": False,
    "topk_group": 4, "topk_method": "noaux_tc", "torch_dtype": "bfloat16", "use_cache": True, "v_head_dim": 128,
    "vocab_size": 32768,
}

# What a module of a layer is called on both sides. Experts and kv_b_proj are not one tensor to one.
GGUF_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_a_proj": "attn_q_a", "self_attn.q_a_layernorm": "attn_q_a_norm",
    "self_attn.q_b_proj": "attn_q_b", "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa",
    "self_attn.kv_a_layernorm": "attn_kv_a_norm", "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "mlp.gate": "ffn_gate_inp", "mlp.shared_experts.gate_proj": "ffn_gate_shexp",
    "mlp.shared_experts.up_proj": "ffn_up_shexp", "mlp.shared_experts.down_proj": "ffn_down_shexp",
}


def mlp_shapes(prefix, width, hidden):
    return {f"{prefix}.gate_proj.weight": (width, hidden), f"{prefix}.up_proj.weight": (width, hidden),
            f"{prefix}.down_proj.weight": (hidden, width)}


def layer_shapes(config, layer):
    """{name: shape} of one layer, in the order of a checkpoint."""
    hidden, heads, latent = config["hidden_size"], config["num_attention_heads"], config["kv_lora_rank"]
    rotary, rank = config["qk_rope_head_dim"], config["q_lora_rank"]
    shapes = {
        "input_layernorm.weight": (hidden,),
        "self_attn.q_a_proj.weight": (rank, hidden),
        "self_attn.q_a_layernorm.weight": (rank,),
        "self_attn.q_b_proj.weight": (heads * (config["qk_nope_head_dim"] + rotary), rank),
        "self_attn.kv_a_proj_with_mqa.weight": (latent + rotary, hidden),
        "self_attn.kv_a_layernorm.weight": (latent,),
        "self_attn.kv_b_proj.weight": (heads * (config["qk_nope_head_dim"] + config["v_head_dim"]), latent),
        "self_attn.o_proj.weight": (hidden, heads * config["v_head_dim"]),
        "post_attention_layernorm.weight": (hidden,),
    }
    if layer < config["first_k_dense_replace"]:
        shapes |= mlp_shapes("mlp", config["intermediate_size"], hidden)
    else:
        shapes["mlp.gate.weight"] = (config["n_routed_experts"], hidden)
        shapes["mlp.gate.e_score_correction_bias"] = (config["n_routed_experts"],)
        for expert in range(config["n_routed_experts"]):
            shapes |= mlp_shapes(f"mlp.experts.{expert}", config["moe_intermediate_size"], hidden)
        shapes |= mlp_shapes("mlp.shared_experts", config["n_shared_experts"] * config["moe_intermediate_size"], hidden)
    if layer >= config["num_hidden_layers"]:
        shapes |= {"enorm.weight": (hidden,), "hnorm.weight": (hidden,), "eh_proj.weight": (hidden, 2 * hidden),
                   "shared_head.norm.weight": (hidden,)}
    return shapes


def model_shapes(config):
    """{name: shape} of the whole model with its prediction block; embedding and head of that are the model's own."""
    matrix = (config["vocab_size"], config["hidden_size"])
    shapes = {"model.embed_tokens.weight": matrix, "model.norm.weight": matrix[1:], "lm_head.weight": matrix}
    for layer in range(config["num_hidden_layers"] + config["num_nextn_predict_layers"]):
        shapes |= {f"model.layers.{layer}.{name}": shape for name, shape in layer_shapes(config, layer).items()}
    return shapes


def draw(shapes):
    generator = torch.Generator().manual_seed(0)

    def tensor(name, shape):
        if name.endswith("bias"):
            return torch.zeros(shape, dtype=torch.float32)
        if len(shape) == 1:
            return torch.ones(shape, dtype=torch.bfloat16)
        return (0.02 * torch.randn(shape, generator=generator)).to(torch.bfloat16)

    return {name: tensor(name, shape) for name, shape in shapes.items()}


def add_tensor(writer, name, tensor):
    """Matrices in bf16, everything else in f32, as llama.cpp's converter has it."""
    if tensor.ndim == 1 or name.endswith("ffn_gate_inp.weight"):
        writer.add_tensor(name, tensor.float().contiguous().numpy())
    else:
        raw = tensor.to(torch.bfloat16).contiguous().view(torch.uint8).numpy()
        writer.add_tensor(name, raw, raw_dtype=gguf.GGMLQuantizationType.BF16)


def add_layer(writer, config, layer, tensors):
    prefix, block = f"model.layers.{layer}.", f"blk.{layer}."
    for module, name in GGUF_NAMES.items():
        if f"{prefix}{module}.weight" in tensors:
            add_tensor(writer, f"{block}{name}.weight", tensors[f"{prefix}{module}.weight"])
    heads, keys = config["num_attention_heads"], config["qk_nope_head_dim"]
    both = tensors[f"{prefix}self_attn.kv_b_proj.weight"].view(heads, keys + config["v_head_dim"], -1)
    add_tensor(writer, f"{block}attn_k_b.weight", both[:, :keys].transpose(1, 2))
    add_tensor(writer, f"{block}attn_v_b.weight", both[:, keys:])
    if layer < config["first_k_dense_replace"]:
        return
    add_tensor(writer, f"{block}exp_probs_b.bias", tensors[f"{prefix}mlp.gate.e_score_correction_bias"])
    for part in ("gate", "up", "down"):
        stacked = torch.stack([tensors[f"{prefix}mlp.experts.{expert}.{part}_proj.weight"]
                               for expert in range(config["n_routed_experts"])])
        add_tensor(writer, f"{block}ffn_{part}_exps.weight", stacked)


def add_configuration(writer, config):
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_dimension_count(config["qk_rope_head_dim"])
    writer.add_leading_dense_block_count(config["first_k_dense_replace"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_q_lora_rank(config["q_lora_rank"])
    writer.add_kv_lora_rank(config["kv_lora_rank"])
    writer.add_key_length(config["kv_lora_rank"] + config["qk_rope_head_dim"])
    writer.add_value_length(config["kv_lora_rank"])
    writer.add_key_length_mla(config["qk_nope_head_dim"] + config["qk_rope_head_dim"])
    writer.add_value_length_mla(config["v_head_dim"])
    writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
    writer.add_expert_count(config["n_routed_experts"])
    writer.add_expert_used_count(config["num_experts_per_tok"])
    writer.add_expert_shared_count(config["n_shared_experts"])
    writer.add_expert_group_count(config["n_group"])
    writer.add_expert_group_used_count(config["topk_group"])
    writer.add_expert_weights_scale(config["routed_scaling_factor"])
    writer.add_expert_weights_norm(config["norm_topk_prob"])
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
    writer.add_tokenizer_model("none")


def write_gguf(path, config, tensors):
    writer = gguf.GGUFWriter(path, "deepseek2")
    add_configuration(writer, config)
    add_tensor(writer, "token_embd.weight", tensors["model.embed_tokens.weight"])
    add_tensor(writer, "output_norm.weight", tensors["model.norm.weight"])
    add_tensor(writer, "output.weight", tensors["lm_head.weight"])
    for layer in range(config["num_hidden_layers"]):
        add_layer(writer, config, layer, tensors)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    folder = pathlib.Path(sys.argv[1])
    directory = folder / "huggingface"
    directory.mkdir(parents=True, exist_ok=True)
    tensors = draw(model_shapes(CONFIG))
    (directory / "config.json").write_text(json.dumps(CONFIG, indent=2, sort_keys=True) + "\n")
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    write_gguf(folder / "bf16.gguf", CONFIG, tensors)


if __name__ == "__main__":
    main()
