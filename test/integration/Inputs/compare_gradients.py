"""Compares two --save-gradients files tensor by tensor: compare_gradients.py FILE FILE TOLERANCE

The norm of the difference over the norm of the second must be at most TOLERANCE; prints the worst.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "fixtures"))
from compare import read_safetensors, relative_norm

actual, expected = (read_safetensors(pathlib.Path(file)) for file in sys.argv[1:3])
if actual.keys() != expected.keys():
    sys.exit(f"different tensors: {sorted(actual.keys() ^ expected.keys())}")
worst, name = max((relative_norm(actual[name][1], expected[name][1]), name) for name in expected)
print(f"{len(expected)} tensors; the worst, {name}, differs by {worst:.1e}")
if worst > float(sys.argv[3]):
    sys.exit(f"more than {sys.argv[3]}")
