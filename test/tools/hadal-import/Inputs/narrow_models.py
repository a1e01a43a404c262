"""Imports and compiles models whose widths are as small as they can be.

usage: narrow_models.py FOLDER TARGET [OPTION of hadalc...]
"""
import json
import os
import subprocess
import sys

folder, target, *options = sys.argv[1:]
BASE = {"model_type": "deepseek_v3", "vocab_size": 16, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 2,
        "num_attention_heads": 2, "q_lora_rank": 6, "kv_lora_rank": 6, "qk_nope_head_dim": 4, "qk_rope_head_dim": 4,
        "v_head_dim": 4, "first_k_dense_replace": 1, "n_routed_experts": 4, "n_shared_experts": 1,
        "num_experts_per_tok": 2, "moe_intermediate_size": 4, "n_group": 1, "topk_group": 1}
ONE_EXPERT = {"n_routed_experts": 1, "num_experts_per_tok": 1}
ALONE = [{name: 1} for name in ("kv_lora_rank", "q_lora_rank", "hidden_size", "num_attention_heads", "qk_nope_head_dim",
                                "v_head_dim", "moe_intermediate_size", "intermediate_size", "num_experts_per_tok")]
ALONE += [{"vocab_size": 2}, {"qk_rope_head_dim": 2}, ONE_EXPERT, {"n_shared_experts": 0}]
TOGETHER = {name: value for change in ALONE[:-1] for name, value in change.items()}
V2 = {"model_type": "deepseek_v2", "topk_method": "greedy", "num_nextn_predict_layers": 1}
changes = ALONE + [TOGETHER, TOGETHER | V2]

os.makedirs(folder, exist_ok=True)
model = os.path.join(folder, "model.mlir")
for change in changes if not options and target == "cpu" else changes[-2:]:
    # Alone they differ in which kernels they have; the two that hold all of them are lowered too.
    phase = "target" if change in changes[-2:] else "kernels"
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(BASE | change, file)
    for command in (["hadal-import", folder, "-o", model],
                    ["hadalc", model, f"--target={target}", "--micro-batch-size=2", "--seq-length=8",
                     f"--compile-to={phase}", "-o", os.path.join(folder, "target.mlir"), *options]):
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 0, (change, result.stderr)
print("all models compile")
