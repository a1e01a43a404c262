"""Leaves fields out of configurations that have their classes' own values, one at a time: nothing changes, or the error
names the field.

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


for name in ("v2", "v3", "glm"):
    with open(os.path.join(saved, name, "config.json")) as file:
        config = json.load(file)
    whole = load(config)
    assert whole.returncode == 0, whole.stderr
    required = []
    for field in sorted(config.keys() - HANDED_ON):
        result = load({key: value for key, value in config.items() if key != field})
        if field in REQUIRED | OPEN.get(name, set()):
            assert result.returncode == 1 and f'field "{field}": is missing' in result.stderr, (name, field, result)
            required.append(field)
        else:
            assert result.stdout == whole.stdout, (name, field, result)
    print(f"{name}: {len(config)} fields, required: {', '.join(required)}")
# kimi_k2's class is DeepSeek-V3's.
with open(os.path.join(saved, "v3", "config.json")) as file:
    config = json.load(file) | {"model_type": "kimi_k2"}
whole = load(config)
for field in sorted(config.keys() - HANDED_ON - REQUIRED):
    assert load({key: value for key, value in config.items() if key != field}).stdout == whole.stdout, field
print("kimi_k2: as v3")
