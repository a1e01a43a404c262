"""Leaves out of configurations that have their classes' own values whatever may be left out: nothing changes. Each of the
other fields is missed by name.

usage: left_out_fields.py SAVED FOLDER
"""
import json
import os
import subprocess
import sys

saved, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
# What a file must say, and what only describes it.
REQUIRED = {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "model_type"}
HANDED_ON = {"bos_token_id", "eos_token_id", "pad_token_id"}
# DeepSeek-V2: the family's own code has no experts by default, transformers 64 and 2; neither says how many per token.
OPEN = {"v2": {"n_routed_experts", "n_shared_experts", "num_experts_per_tok"}}


def load(config):
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file)
    return subprocess.run(["hadal-import", folder], capture_output=True, text=True)


for name in ("v2", "v3", "glm", "kimi_k2"):
    with open(os.path.join(saved, "v3" if name == "kimi_k2" else name, "config.json")) as file:
        config = json.load(file)
    if name == "kimi_k2":  # whose class is DeepSeek-V3's
        config["model_type"] = name
    needed = REQUIRED | OPEN.get(name, set())
    whole, rest = load(config), load({key: value for key, value in config.items() if key in needed | HANDED_ON})
    assert whole.returncode == 0 and whole.stdout == rest.stdout, (name, whole, rest)
    for field in sorted(needed):
        result = load({key: value for key, value in config.items() if key != field})
        assert result.returncode == 1 and f'field "{field}": is missing' in result.stderr, (name, field, result)
    print(f"{name}: {len(config.keys() - needed - HANDED_ON)} fields may be left out, {', '.join(sorted(needed))} may not")
