"""Breaks a fixture's config.json in one way at a time and prints what hadal-import says about it.

usage: broken_configs.py CASES FOLDER
"""
import json
import os
import shutil
import subprocess
import sys

cases, folder = sys.argv[1:]
GONE = object()
YARN = {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096}

CHANGES = [
    ("hidden_size missing", {"hidden_size": GONE}),
    ("hidden_size string", {"hidden_size": "x"}),
    ("hidden_size fraction", {"hidden_size": 1.5}),
    ("a vocabulary beyond the dialect's", {"vocab_size": 41444444}),
    ("shared experts beyond the dialect's", {"n_shared_experts": 1 << 20}),
    ("hidden_size huge", {"hidden_size": 1e30}),
    ("a latent beyond the dialect's", {"kv_lora_rank": 2147483647}),
    ("heads that are too wide together", {"num_attention_heads": 1 << 20, "num_key_value_heads": None,
                                          "v_head_dim": 1 << 20}),
    ("layer types of another family", {"mlp_layer_types": ["dense", "sparse"]}),
    ("mixtures among MTP blocks", {"first_k_dense_replace": 3, "num_nextn_predict_layers": 2}),
    ("more experts per token than experts", {"num_experts_per_tok": 14}),
    ("more experts per token than in the groups", {"num_experts_per_tok": 7}),
    ("groups that do not divide", {"n_group": 5}),
    ("groups without their limit", {"topk_group": GONE}),
    ("more groups selected than there are", {"topk_group": 5}),
    ("groups of one", {"n_group": 12, "topk_group": 6}),
    ("another scoring function", {"scoring_func": "softmax"}),
    ("another selection", {"topk_method": "greedy"}),
    ("another architecture", {"model_type": "llama"}),
    ("another activation", {"hidden_act": "gelu"}),
    ("tied embeddings", {"tie_word_embeddings": True}),
    ("attention bias", {"attention_bias": True}),
    ("linear scaling", {"rope_scaling": {"type": "linear", "factor": 2}}),
    ("YaRN without factor", {"rope_scaling": {"type": "yarn", "original_max_position_embeddings": 4096}}),
    ("unknown field in YaRN", {"rope_scaling": {**YARN, "low_freq_factor": 1.0}}),
    ("two thetas", {"rope_scaling": {**YARN, "rope_theta": 500}}),
    ("odd rope", {"qk_rope_head_dim": 7}),
    ("layers between the mixtures", {"moe_layer_freq": 2}),
    ("shared keys", {"num_key_value_heads": 1}),
    ("a flag that is none", {"norm_topk_prob": 1}),
    ("negative epsilon", {"rms_norm_eps": -1}),
    ("an epsilon beyond f32's squares", {"rms_norm_eps": 1e31}),
    ("a magnitude beyond the dialect's", {"rope_scaling": {**YARN, "mscale": 1.0, "mscale_all_dim": 1e7}}),
    ("no experts", {"n_routed_experts": None}),
    ("unknown field", {"sliding_window": 4096}),
]


def attempt(summary, text):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, "config.json"), "w") as file:
        file.write(text)
    output = os.path.join(folder, "model.mlir")
    result = subprocess.run(["hadal-import", folder, "-o", output], capture_output=True, text=True)
    lines = result.stderr.splitlines()
    assert result.returncode == 1 and len(lines) == 1 and not os.path.exists(output), (summary, result)
    print(f"{summary}: {lines[0].split('config.json: ', 1)[1]}")


def changed(case, changes):
    with open(os.path.join(cases, case, "config.json")) as file:
        config = json.load(file)
    config.update(changes)
    return json.dumps({key: value for key, value in config.items() if value is not GONE})


attempts = [(summary, changed("v3_like", changes)) for summary, changes in CHANGES]
attempts.append(("V2 with normalisation", changed("v2_like", {"norm_topk_prob": True})))
attempts.append(("V2 without its experts", changed("v2_like", {"n_routed_experts": GONE})))
GLM = {"model_type": "glm4_moe_lite", "first_k_dense_replace": GONE}
attempts += [(f"GLM with {summary}", changed("v3_like", GLM | changes)) for summary, changes in [
    ("a type too few", {"mlp_layer_types": ["dense"]}),
    ("another type", {"mlp_layer_types": ["dense", "linear"]}),
    ("types that are none", {"mlp_layer_types": "dense"}),
    ("a dense layer behind a mixture", {"mlp_layer_types": ["sparse", "dense"]}),
    ("two numbers of dense layers", {"mlp_layer_types": ["dense", "dense"], "first_k_dense_replace": 1}),
    ("another head", {"head_dim": 16}),
]]
attempts += [("a field twice", changed("v3_like", {})[:-1] + ', "hidden_size": 64}'), ("deep", "[" * 200000)]
attempts += [("not JSON", '{"model_type": deepseek_v3}'), ("not an object", "[1, 2]"), ("empty", "")]
for summary, text in attempts:
    attempt(summary, text)
print(f"all {len(attempts)} without a file")
