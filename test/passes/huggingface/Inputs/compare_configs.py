"""Imports and exports each fixture: the exported fields agree with the original's, and importing it again gives the same
model.

usage: compare_configs.py CASES FOLDER
"""
import json
import os
import subprocess
import sys

cases, folder = sys.argv[1:]
# What a model in the dialect does not hold.
NOT_HELD = {"ep_size", "pretraining_tp", "seq_aux", "aux_loss_alpha", "torch_dtype"}
# What a model without mixtures does not hold either.
MIXTURE = {"moe_layer_freq", "n_group", "n_routed_experts", "n_shared_experts", "norm_topk_prob", "num_experts_per_tok",
           "moe_intermediate_size", "routed_scaling_factor", "scoring_func", "topk_group", "topk_method"}


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, (command, result.stderr)
    return result.stdout


count = 0
for case in sorted(os.listdir(cases)):
    with open(os.path.join(cases, case, "config.json")) as file:
        original = json.load(file)
    with open(os.path.join(cases, case, "expected.json")) as file:
        flags = json.load(file)["import_flags"]
    again = os.path.join(folder, case)
    os.makedirs(again, exist_ok=True)
    model = os.path.join(folder, case + ".mlir")
    run("hadal-import", os.path.join(cases, case), "-o", model, *flags)
    if "--excluded-groups=zero" in flags:  # which transformers no longer does
        refused = subprocess.run(["hadal-opt", model, "--hadal-export-config", "-o", os.devnull], capture_output=True)
        assert refused.returncode == 1 and b"experts in excluded groups" in refused.stderr, refused
        continue
    text = run("hadal-opt", model, "--hadal-export-config", "-o", os.devnull)
    with open(os.path.join(again, "config.json"), "w") as file:
        file.write(text)
    exported = json.loads(text)
    held = NOT_HELD | (MIXTURE if "n_routed_experts" not in exported else set())
    if original["first_k_dense_replace"] == 0:
        held = held | {"intermediate_size"}  # nor one without dense layers their width
    if original["model_type"] == "kimi_k2":
        original["model_type"] = "deepseek_v3"  # the same architecture, and the name that transformers knows
    if "num_nextn_predict_layers" not in original:
        exported.pop("num_nextn_predict_layers", None)
    different = {name: (value, exported.get(name, "missing")) for name, value in original.items()
                 if name not in held and exported.get(name, "missing") != value}
    assert not different, (case, different)
    second = run("hadal-import", again, *flags).splitlines()
    with open(model) as file:
        first = file.read().splitlines()
    assert second[1:] == first[1:], case
    count += 1
print(f"{count} configurations came back")
