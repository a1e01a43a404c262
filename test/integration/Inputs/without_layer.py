"""Copies a model's directory without the tensors whose names begin so.

usage: without_layer.py DIRECTORY COPY PREFIX
"""
import json
import pathlib
import shutil
import sys

source, copy, prefix = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
shutil.copytree(source, copy)
data = (source / "model.safetensors").read_bytes()
size = int.from_bytes(data[:8], "little")
header, body, kept = json.loads(data[8:8 + size]), data[8 + size:], b""
header = {name: entry for name, entry in header.items() if not name.startswith(prefix)}
for name, entry in header.items():
    if name != "__metadata__":
        begin, end = entry["data_offsets"]
        entry["data_offsets"] = [len(kept), len(kept) + end - begin]
        kept += body[begin:end]
text = json.dumps(header).encode()
(copy / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + kept)
