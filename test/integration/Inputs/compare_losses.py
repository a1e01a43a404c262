"""Compares the losses of two logs step by step: compare_losses.py LOG LOG TOLERANCE (relative); prints the worst."""

import json
import pathlib
import sys


def read_losses(file):
    records = map(json.loads, pathlib.Path(file).read_text().splitlines())
    return [record["loss"] for record in records if "loss" in record]


actual, expected = (read_losses(file) for file in sys.argv[1:3])
if len(actual) != len(expected) or not expected:
    sys.exit(f"{len(actual)} steps for {len(expected)}")
worst = max(abs(a - e) / abs(e) for a, e in zip(actual, expected))
print(f"{len(expected)} steps; losses differ by at most {worst:.1e}")
if worst > float(sys.argv[3]):
    sys.exit(f"more than {sys.argv[3]}")
