"""Compares a training run of low precision with one in f32: compare_precisions.py LOW F32

LOW and F32 name two runs: NAME.log is the run's --log and NAME.gradients its --save-gradients file. The losses of every step
must agree within 1e-2 relative, and every gradient within 3e-2 in relative norm, except where routing differs: the
gradients of layers in which an expert got another number of tokens in the first step are left out, and the experts named.
"""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "fixtures"))
from compare import read_safetensors, relative_norm

LOSS_TOLERANCE, GRADIENT_TOLERANCE = 1e-2, 3e-2
low, f32 = sys.argv[1:3]


def losses(name):
    return [json.loads(line)["loss"] for line in pathlib.Path(name + ".log").read_text().splitlines()]


def rerouted(actual, expected):
    """The layers whose routing differs, with the experts in question."""
    layers = {}
    for name in (name for name in expected if name.endswith(".load")):
        layer = name[: name.index("mlp.")]
        for expert, (a, b) in enumerate(zip(actual[name][1], expected[name][1])):
            if a != b:
                layers.setdefault(layer, []).append(expert)
    return layers


pairs = list(zip(losses(low), losses(f32), strict=True))
worst = max(abs(a - b) / abs(b) for a, b in pairs)
print(f"{len(pairs)} losses; the worst differs by {worst:.1e}")
if worst > LOSS_TOLERANCE or all(a == b for a, b in pairs):
    sys.exit(f"losses differ by more than {LOSS_TOLERANCE}, or not at all: {pairs}")

actual, expected = (read_safetensors(pathlib.Path(name + ".gradients")) for name in (low, f32))
if actual.keys() != expected.keys():
    sys.exit(f"different tensors: {sorted(actual.keys() ^ expected.keys())}")
left_out = rerouted(actual, expected)
for layer, experts in left_out.items():
    print(f"routing differs in {layer}: experts {experts}")
compared = [name for name in expected if not name.endswith(".load") and not name.startswith(tuple(left_out))]
if 2 * len(compared) < len(expected):
    sys.exit("routing differs nearly everywhere: take fewer tokens or another seed")
errors = sorted(((relative_norm(actual[name][1], expected[name][1]), name) for name in compared), reverse=True)
print(f"{len(errors)} tensors; the worst, {errors[0][1]}, differs by {errors[0][0]:.1e}")
if errors[0][0] > GRADIENT_TOLERANCE:
    sys.exit(f"more than {GRADIENT_TOLERANCE}: {errors[:8]}")
