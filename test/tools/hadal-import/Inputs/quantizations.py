"""Published forms of quantization_config: each is recorded whole, survives a round trip, and is said in a few words by the
compiled program.

usage: quantizations.py CASES FOLDER
"""
import json
import os
import re
import subprocess
import sys

cases, folder = sys.argv[1:]
FP8 = {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}
GROUP = {"targets": ["Linear"], "input_activations": None, "output_activations": None,
         "weights": {"type": "int", "num_bits": 4, "group_size": 32, "strategy": "group", "symmetric": True,
                     "observer_kwargs": {}, "actorder": None, "dynamic": False}}
PUBLISHED = [
    (FP8, "FP8 (e4m3) with 128x128 block scales"),
    ({**FP8, "scale_fmt": "ue8m0"}, "FP8 (e4m3) with 128x128 block scales in ue8m0"),
    ({**FP8, "modules_to_not_convert": ["lm_head", "model.layers.0.mlp.gate"], "weight_block_size": None}, "FP8 (e4m3)"),
    ({"quant_method": "compressed-tensors", "format": "pack-quantized", "quantization_status": "compressed",
      "config_groups": {"group_0": GROUP}, "ignore": ["lm_head", "re:.*self_attn.*"], "kv_cache_scheme": None},
     "compressed-tensors (pack-quantized) int of 4 bits in groups of 32"),
    ({"quant_method": "compressed-tensors", "format": "float-quantized",
      "config_groups": {"group_0": {"weights": {"type": "float", "num_bits": 8, "group_size": None}}}},
     "compressed-tensors (float-quantized) float of 8 bits"),
    ({"quant_method": "awq", "bits": 4, "group_size": 64, "version": "gemm", "zero_point": True},
     "AWQ of 4 bits in groups of 64"),
    ({"quant_method": "awq", "w_bit": 4, "q_group_size": 128}, "AWQ of 4 bits in groups of 128"),
    ({"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": True, "damp_percent": 0.1, "sym": True},
     "GPTQ of 4 bits in groups of 128"),
    ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "llm_int8_threshold": 6.0},
     "bitsandbytes of 4 bits (nf4)"),
    ({"load_in_8bit": True, "llm_int8_threshold": 6.0}, "bitsandbytes of 8 bits"),
    ({"quant_method": "modelopt", "quant_algo": "NVFP4", "group_size": 16, "ignore": ["lm_head"]},
     "modelopt (NVFP4) in groups of 16"),
    ({"quant_method": "mxfp4", "modules_to_not_convert": ["model.embed_tokens"]}, "mxfp4"),
    ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Float8Config", "a b": 1, "\"": "\\"}}}, "torchao"),
    ({"quant_method": "auto-round", "bits": 4, "group_size": 128, "sym": True}, "auto-round of 4 bits in groups of 128"),
    ({"group_size": 64, "bits": 4}, "MLX of 4 bits in groups of 64"),
    ({"quant_method": "of next year", "sizes": [[1, 2.5], [True, None]], "bound": 10 ** 400}, "of next year"),
]


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, (command, result.stderr)
    return result.stdout


with open(os.path.join(cases, "dense_only", "config.json")) as file:
    base = json.load(file)
os.makedirs(folder, exist_ok=True)
model = os.path.join(folder, "model.mlir")
for config, words in PUBLISHED:
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(base | {"quantization_config": config}, file)
    run("hadal-import", folder, "-o", model)
    run("hadal-opt", model, "--verify-roundtrip", "-o", os.devnull)
    program = run("hadalc", model, "--micro-batch-size=1", "--seq-length=4", "--compile-to=program")
    said = re.search(r'hadal.stored_weights = "([^"]*)"', program)
    assert said and said[1] == words, (words, said and said[1])
    with open(model) as file:
        stored = re.search(r"#stored +=(.*)", file.read())[1]
    for text in re.findall(r'"([\w. -]+)"', json.dumps(config)):
        assert text in stored, (text, stored)
print(f"{len(PUBLISHED)} kinds are recorded and said")
