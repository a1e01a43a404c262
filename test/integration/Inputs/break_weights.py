"""Writes variants of a Hugging Face directory with one fault each: break_weights.py DIRECTORY FOLDER

FOLDER/whole has no fault; the names of the others say what is wrong.
"""

import json
import pathlib
import shutil
import struct
import sys

source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
data = (source / "model.safetensors").read_bytes()
header_size, = struct.unpack("<Q", data[:8])
header, body = data[8:8 + header_size], data[8 + header_size:]
HEAD, GATE = "lm_head.weight", "model.layers.1.mlp.gate.weight"


def write(name, entries, content):
    folder = target / name
    folder.mkdir(parents=True)
    shutil.copy(source / "config.json", folder)
    encoded = json.dumps(entries).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(encoded)) + encoded + content)


def with_entry(name, change):
    entries = json.loads(header)
    change(entries)
    write(name, entries, body)


def with_value(name, tensor, value):
    begin = json.loads(header)[tensor]["data_offsets"][0]
    write(name, json.loads(header), body[:begin] + struct.pack("<f", value) + body[begin + 4:])


with_entry("whole", lambda entries: None)
write("truncated", json.loads(header), body[:-100])
with_entry("overlap", lambda entries: entries[GATE].update(data_offsets=[
    offset - 4 for offset in entries[GATE]["data_offsets"]]))
with_entry("shape", lambda entries: entries[HEAD].update(shape=entries[HEAD]["shape"][::-1]))
with_entry("dtype", lambda entries: entries[HEAD].update(dtype="I32"))
with_entry("renamed", lambda entries: entries.update({"other.weight": entries.pop(HEAD)}))
write("surplus", json.loads(header) | {"other.weight": {
    "dtype": "F32", "shape": [1], "data_offsets": [len(body), len(body) + 4]}}, body + bytes(4))
with_value("not_a_number", HEAD, float("nan"))
with_value("infinite_bias", "model.layers.1.mlp.gate.e_score_correction_bias", float("-inf"))
with_value("overflowing", HEAD, 3e38)  # finite, but no logit formed with it is

page = target / "page"
page.mkdir()
(page / "model.safetensors").write_text("<!DOCTYPE html>\n<html><title>Sign in</title></html>\n")
pointer = target / "pointer"
pointer.mkdir()
(pointer / "model.safetensors").write_text(
    "version https://git-lfs.github.com/spec/v1\noid sha256:" + 64 * "0" + "\nsize 4998345384\n")
