"""Writes a fixture as DeepSeek-V3 is published: a matrix in FP8 beside its block scales, and the configuration to it.

usage: store_fp8.py CASE FOLDER [bare]      bare: without the scales
"""
import json
import os
import struct
import sys

case, folder, *bare = sys.argv[1:]
with open(os.path.join(case, "config.json")) as file:
    config = json.load(file)
config["quantization_config"] = {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic",
                                 "weight_block_size": [128, 128]}
with open(os.path.join(folder, "config.json"), "w") as file:
    json.dump(config, file)

with open(os.path.join(case, "model.safetensors"), "rb") as file:
    length, = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    body = file.read()
name = "model.layers.0.mlp.down_proj.weight"
elements = 1
for side in header[name]["shape"]:
    elements *= side
end = len(body)
header[name].update(dtype="F8_E4M3", data_offsets=[end, end + elements])
if not bare:
    header[name + "_scale_inv"] = {"dtype": "F32", "shape": [1, 1], "data_offsets": [end + elements, end + elements + 4]}
body += bytes(elements + 4)
# The bytes of the f32 matrix are taken out, so that none is left over.
kept = b""
for entry in sorted((entry for key, entry in header.items() if key != "__metadata__"),
                    key=lambda entry: entry["data_offsets"]):
    begin, finish = entry["data_offsets"]
    entry["data_offsets"] = [len(kept), len(kept) + finish - begin]
    kept += body[begin:finish]
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(folder, "model.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + kept)
