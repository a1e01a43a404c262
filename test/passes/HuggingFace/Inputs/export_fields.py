"""Imports configurations, exports them, and holds the exports to what they must say; each is imported again and must be
the same model.

usage: export_fields.py FOLDER
"""
import json
import os
import re
import subprocess
import sys

folder = sys.argv[1]
BASE = {"model_type": "deepseek_v3", "vocab_size": 256, "hidden_size": 32, "intermediate_size": 48,
        "num_hidden_layers": 2, "num_attention_heads": 2, "q_lora_rank": 24, "kv_lora_rank": 16, "qk_nope_head_dim": 8,
        "qk_rope_head_dim": 8, "v_head_dim": 8, "first_k_dense_replace": 1, "n_routed_experts": 8, "n_shared_experts": 1,
        "num_experts_per_tok": 2, "moe_intermediate_size": 16, "n_group": 2, "topk_group": 1,
        "num_nextn_predict_layers": 0, "max_position_embeddings": 128}
V2 = {"model_type": "deepseek_v2", "topk_method": "greedy", "num_nextn_predict_layers": 0}
GLM = {"model_type": "glm4_moe_lite", "n_group": 1}
GONE = "not there"


def yarn(**fields):
    return {"rope_scaling": {"type": "yarn", "factor": 40.0, "original_max_position_embeddings": 64, **fields}}


# What is changed, options of hadal-import, and what the export says; of `rope_scaling`, the fields named.
EXPORTED = [
    ({**V2, "num_nextn_predict_layers": 1}, [], {"model_type": "deepseek_v2", "num_nextn_predict_layers": 1}),
    ({"bos_token_id": 3, "eos_token_id": [1, 2], "pad_token_id": None}, [],
     {"bos_token_id": 3, "eos_token_id": [1, 2], "pad_token_id": None}),
    ({"eos_token_id": [7], "pad_token_id": -1}, [], {"bos_token_id": GONE, "eos_token_id": [7], "pad_token_id": -1}),
    ({"first_k_dense_replace": 0}, [], {"intermediate_size": GONE, "first_k_dense_replace": 0}),
    ({"first_k_dense_replace": 3, "num_nextn_predict_layers": 1}, [],
     {"first_k_dense_replace": 3, "n_routed_experts": GONE, "intermediate_size": 48}),
    ({**V2, "first_k_dense_replace": 2}, [], {"model_type": "deepseek_v2", "n_routed_experts": GONE}),
    (GLM, [], {"model_type": "glm4_moe_lite", "architectures": ["Glm4MoeLiteForCausalLM"],
               "mlp_layer_types": ["dense", "sparse"], "routed_scaling_factor": 1.8, "rms_norm_eps": 1e-5}),
    ({**GLM, "num_nextn_predict_layers": 2}, [], {"model_type": "glm4_moe_lite", "num_nextn_predict_layers": 2}),
    ({"model_type": "kimi_k2"}, [], {"model_type": "deepseek_v3"}),
    ({"quantization_config": {"quant_method": "fp8"}}, [], {"quantization_config": GONE}),
    ({"num_nextn_predict_layers": 1}, ["--mtp-hidden-state=pre_norm"], {"mtp_hidden_state": "pre_norm"}),
    ({"n_shared_experts": None, "norm_topk_prob": None}, [], {"n_shared_experts": 0, "norm_topk_prob": False}),
    (yarn(), [], {"rope_scaling": {"mscale": 1.0, "mscale_all_dim": 0.0, "attention_factor": GONE}}),
    (yarn(mscale=1.0, mscale_all_dim=1.0), [], {"rope_scaling": {"attention_factor": GONE, "truncate": GONE}}),
    (yarn(mscale=0.707), [], {"rope_scaling": {"attention_factor": 1.2608037774058554}}),
    (yarn(mscale=0.0, mscale_all_dim=0.707), [], {"rope_scaling": {"attention_factor": 1 / 1.2608037774058554}}),
    ({"rope_parameters": yarn(mscale=0.707)["rope_scaling"]}, [],
     {"rope_scaling": {"attention_factor": 1.3688879454113936, "mscale": 0.707}}),
    (yarn(attention_factor=1.5, truncate=False), [], {"rope_scaling": {"attention_factor": 1.5, "truncate": False}}),
    (yarn(beta_fast=1.0, beta_slow=1.0), [], {"rope_scaling": {"beta_fast": 1.0, "beta_slow": 1.0}}),
]
REFUSED = [
    ({}, ["--latent-norm-eps=1e-5"], "the norms inside its attention have an epsilon of 1.0e-5, which is 1.0e-6 there"),
    ({}, ["--excluded-groups=zero"], "its routers give experts in excluded groups the score 0"),
    ({"n_routed_experts": 1, "num_experts_per_tok": 1, "n_group": 1}, [], "add the two best scores of a group"),
    ({**V2, "num_attention_heads": 3}, [], "deepseek_v2 has a hidden size that its number of heads divides"),
]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def load(config, flags):
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file)
    model = os.path.join(folder, "model.mlir")
    result = run("hadal-import", folder, "-o", model, *flags)
    assert result.returncode == 0, (config, result.stderr)
    with open(model) as file:
        text = file.read()
    # The comment at the top names the type; how the weights were once stored does not come back.
    text = re.sub(r"#stored .*\n", "", text[text.index("!tokens"):])
    return model, text.replace(",\n    stored_weights = #stored", "")


def export(model):
    return run("hadal-opt", model, "--hadal-export-config", "-o", os.devnull)


os.makedirs(folder, exist_ok=True)
for change, flags, expected in EXPORTED:
    model, text = load(BASE | change, flags)
    result = export(model)
    assert result.returncode == 0, (change, result.stderr)
    config = json.loads(result.stdout)
    for field, value in expected.items():
        if isinstance(value, dict):
            values = {name: config[field].get(name, GONE) for name in value}
        else:
            values = config.get(field, GONE)
        assert values == value, (change, field, values)
    kept = [flag for flag in flags if not flag.startswith("--mtp")]
    again, same = load(config, kept)
    assert same == text, (change, text, same)
    assert export(again).stdout == result.stdout, change
for change, flags, reason in REFUSED:
    model, _ = load(BASE | change, flags)
    result = export(model)
    assert result.returncode == 1 and not result.stdout and reason in result.stderr, (change, result)
print(f"{len(EXPORTED)} exports are as they must be, {len(REFUSED)} are refused")
