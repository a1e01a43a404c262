"""Holds gradients that a program has saved against differences of its model's loss, which the evaluator computes:

  check_differences.py WEIGHTS.safetensors GRADIENTS.safetensors TEXT BATCH SEQUENCE TOLERANCE HADAL-OPT ARGUMENT...

The arguments name the model and whatever the tool needs to read it. For every parameter p with gradient g, and a direction
v of random signs, (L(p + hv) - L(p - hv)) / 2h has to be g · v, up to TOLERANCE of g's norm. The loss is that of the first
BATCH windows of SEQUENCE tokens, a token per byte of the text. Prints a line per parameter.
"""

import array
import json
import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "fixtures"))
from compare import read_safetensors

STEP = 1e-4


def write_safetensors(file, name, shape, values):
    """A file of one tensor of f64."""
    data = array.array("d", values).tobytes()
    header = json.dumps({name: {"dtype": "F64", "shape": shape, "data_offsets": [0, len(data)]}}).encode()
    file.write_bytes(struct.pack("<Q", len(header)) + header + data)


weights_file, gradients_file, text = (pathlib.Path(argument) for argument in sys.argv[1:4])
batch, sequence, tolerance, command = int(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6]), sys.argv[7:]
weights, gradients = read_safetensors(weights_file), read_safetensors(gradients_file)
folder = tempfile.TemporaryDirectory()
tokens, changed = (pathlib.Path(folder.name) / name for name in ("tokens.u16", "changed.safetensors"))
tokens.write_bytes(array.array("H", list(text.read_bytes())).tobytes())


def loss(name, shape, values):
    """The model's loss where one parameter has these values."""
    write_safetensors(changed, name, shape, values)
    options = (f"batch={batch} positions={sequence + 1} stride={sequence} tokens={tokens} "
               f"weights={weights_file},{changed} digits=17")
    printed = subprocess.run([*command, f"--hadal-evaluate={options}", "-o", "/dev/null"], check=True,
                             capture_output=True, text=True).stdout
    return float(printed.split()[-1])


generator = random.Random(1)
too_far = []
for name, (shape, values) in weights.items():
    _, gradient = gradients[name]
    signs = [generator.choice((-1.0, 1.0)) for _ in values]
    slope = sum(g * v for g, v in zip(gradient, signs))
    ahead, behind = (loss(name, shape, [p + h * v for p, v in zip(values, signs)]) for h in (STEP, -STEP))
    error = abs(slope - (ahead - behind) / (2 * STEP)) / math.sqrt(sum(g * g for g in gradient))
    print(f"{name}: off by {error:.1e} of the gradient's norm")
    if not error <= tolerance:
        too_far.append(name)
if too_far:
    sys.exit(f"more than {tolerance}: {', '.join(too_far)}")
