#!/usr/bin/env python3
"""Writes the folders beside this file under saved/: configurations as transformers 5.23 saves them.

Run with an interpreter that has what test/fixtures/requirements.txt names. The classes' own defaults, small models with
every kind of rotary embedding, and files of the hub read and saved again.
"""
import json
import pathlib

from transformers import DeepseekV2Config, DeepseekV3Config, Glm4MoeLiteConfig

HERE = pathlib.Path(__file__).parent
YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 64}
SMALL = {"vocab_size": 256, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
         "num_key_value_heads": 2, "q_lora_rank": 24, "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8,
         "v_head_dim": 8, "n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 16}


def released(name):
    config = json.loads((HERE / "released" / name / "config.json").read_text())
    return {key: value for key, value in config.items() if key not in ("model_type", "auto_map")}


CONFIGS = {
    "v2": DeepseekV2Config(num_experts_per_tok=6),
    "v3": DeepseekV3Config(),
    "glm": Glm4MoeLiteConfig(),
    "v2_small": DeepseekV2Config(**SMALL, first_k_dense_replace=1, rope_parameters={**YARN}),
    "v3_small": DeepseekV3Config(**SMALL, first_k_dense_replace=1, n_group=2, topk_group=1, rope_parameters={
        **YARN, "mscale": 1.0, "mscale_all_dim": 1.0, "beta_fast": 32, "beta_slow": 1, "truncate": True}),
    "v3_mscale": DeepseekV3Config(**SMALL, first_k_dense_replace=1, n_group=2, topk_group=1,
                                  rope_parameters={**YARN, "mscale": 0.707}, dtype="bfloat16", rope_interleave=False),
    "glm_small": Glm4MoeLiteConfig(**SMALL, rope_parameters={**YARN, "partial_rotary_factor": 1.0}),
    "glm_dense": Glm4MoeLiteConfig(**SMALL, mlp_layer_types=["dense", "dense"]),
    "released_v2_lite": DeepseekV2Config(**released("deepseek_v2_lite")),
    "released_v3": DeepseekV3Config(**released("deepseek_v3")),
    "released_kimi_k2": DeepseekV3Config(**released("kimi_k2")),
}

if __name__ == "__main__":
    for name, config in CONFIGS.items():
        config.save_pretrained(HERE / "saved" / name)
