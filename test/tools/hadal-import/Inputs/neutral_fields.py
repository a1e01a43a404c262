"""Adds fields to a fixture's config.json: at values that change nothing the model stays the same, others are refused by
name, and a few are another way to say something.

usage: neutral_fields.py CASES FOLDER
"""
import json
import math
import os
import subprocess
import sys

cases, folder = sys.argv[1:]
YARN = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "mscale": 0.7, "mscale_all_dim": 0.9}
FACTOR = (0.07 * math.log(4.0) + 1.0) / (0.09 * math.log(4.0) + 1.0)

# Field, values that change nothing, values that are refused.
FIELDS = [
    ("output_router_logits", [False, None], [True, "no"]),
    ("use_mla", [True, None], [False]),
    ("partial_rotary_factor", [1.0, 1], [0.5, math.nan]),
    ("rope_interleave", [True], ["yes", 1]),
    ("head_dim", [8, 128], []),
    ("qk_head_dim", [None], [7]),
    ("num_key_value_heads", [2, None], [1]),
    ("sliding_window", [None], [4096]),
    ("use_sliding_window", [False], [True]),
    ("attention_dropout", [0, 0.0, None], [0.1, math.nan]),
    ("attention_bias", [False, None], [True]),
    ("hidden_act", ["silu"], ["gelu", None]),
    ("is_encoder_decoder", [False], [True]),
    ("pruned_heads", [{}], [{"0": [1]}]),
    ("num_local_experts", [12], [13]),
    ("num_mtp_layers", [1], [2]),
    ("moe_layer_freq", [1, None], [2]),
    ("mtp_hidden_state", ["post_norm"], ["before"]),
    ("_attn_implementation_autoset", [True, False], []),
    ("_name_or_path", ["deepseek-ai/DeepSeek-V3"], []),
    ("_commit_hash", [None], []),
    ("attn_implementation", ["eager"], []),
    ("unsloth_fixed", [True], []),
    ("unsloth_version", ["2025.3.1"], []),
    ("aux_loss_alpha", [0.001, math.nan, math.inf, -math.inf], []),
    ("temperature", [math.nan], []),
    ("router_aux_loss_coef", [0.001], []),
    ("torch_dtype", ["bfloat16"], []),
    ("dtype", ["bfloat16"], []),
    ("rms_norm_eps", [1e-6], [math.nan, math.inf, None, 0]),
    ("routed_scaling_factor", [2.5], [math.nan, -1, None]),
    ("initializer_range", [0.02], [math.inf]),
    ("bos_token_id", [0], ["<s>", 1.5, True, [0.5], {}, math.nan]),
    ("quantization_config", [None], [3, {}, {"quant_method": 8}, {"quant_method": "fp8", "weight_block_size": [128]}]),
    ("compression_config", [None], [7, {}]),
    ("quantization", [None], ["int4"]),
    ("sinks", [], [None, True]),
]
# The same inside of rope_scaling.
ROPE_FIELDS = [
    ("truncate", [True], ["yes"]),
    ("attention_factor", [FACTOR, None], [-1.0, "x"]),
    ("partial_rotary_factor", [1.0], [0.5]),
    ("rope_type", ["yarn"], ["default"]),
    ("beta_fast", [32, None], [0.5, math.nan]),
    ("rope_theta", [10000.0, 10000], [1e6]),
    ("mscale", [0.7], [math.nan, -1.0]),
    ("long_factor", [], [[1.0]]),
]


def load(config):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file)
    return subprocess.run(["hadal-import", folder], capture_output=True, text=True)


with open(os.path.join(cases, "v3_like", "config.json")) as file:
    BASE = json.load(file)
count = 0
for place, base, fields in (("", BASE, FIELDS), ("rope_scaling", BASE | {"rope_scaling": YARN}, ROPE_FIELDS)):
    expected = load(base)
    assert expected.returncode == 0 and not expected.stderr, expected

    def attempt(change):
        return load(base | ({"rope_scaling": YARN | change} if place else change))

    # The first neutral values of all fields together, then the second, and so on.
    for turn in range(max(len(neutral) for _, neutral, _ in fields)):
        change = {field: neutral[turn] for field, neutral, _ in fields if turn < len(neutral)}
        result = attempt(change)
        assert result.returncode == 0 and result.stdout == expected.stdout, (change, result)
        count += len(change)
    for field, value in [(field, value) for field, _, refused in fields for value in refused]:
        result = attempt({field: value})
        name = f"{place}.{field}" if place else field
        assert result.returncode == 1 and f'field "{name}' in result.stderr, (field, value, result)
        assert len(result.stderr.splitlines()) == 1, result.stderr
        count += 1
print(f"{count} values tried")
