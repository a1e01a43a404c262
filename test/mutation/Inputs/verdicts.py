"""Runs small commands under the limits of test/mutate and checks what is said of them."""
import pathlib
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from mutation.tools import IR_PLACE, JSON_PLACE, WEIGHTS_PLACE, Limits, Tools, judge  # noqa: E402

CASES = [
    # what a shell does, where a message has to say so, the verdict
    ("exit 0", IR_PLACE, None),
    ("echo 'm.mlir:3:4: error: no' >&2; exit 1", IR_PLACE, None),
    ("echo 'error: no' >&2; exit 1", IR_PLACE, "exit code 1 with a message without a place"),
    ("exit 1", IR_PLACE, "exit code 1 with a message without a place"),
    ("echo 'hadalc: error: no' >&2; exit 0", IR_PLACE, "exit code 0 after an error"),
    ("exit 7", IR_PLACE, "undocumented exit code 7"),
    ("kill -ABRT $$", IR_PLACE, "SIGABRT"),
    ("while :; do :; done", IR_PLACE, "hang"),
    ("echo 'x.cpp:1:2: runtime error: overflow' >&2; exit 1", IR_PLACE, "exit code 1, runtime error:"),
    ("echo 'error: d/config.json: field \"a\": expected' >&2; exit 1", JSON_PLACE, None),
    ("echo 'error: d/config.json: wrong' >&2; exit 1", JSON_PLACE, "exit code 1 with a message without a place"),
    ("echo \"error: d/a.safetensors: tensor 'x' is wrong\" >&2; exit 1", WEIGHTS_PLACE, None),
    ("echo 'error: the weights are wrong' >&2; exit 1", WEIGHTS_PLACE, "exit code 1 with a message without a place"),
]

with tempfile.TemporaryDirectory() as scratch:
    tools = Tools("/nowhere", scratch, Limits(seconds=1))
    for script, place, expected in CASES:
        verdict = judge(tools.run(["/bin/sh", "-c", script]), (0, 1), place)
        if verdict != expected:
            sys.exit(f"{script}: {verdict!r}, expected {expected!r}")
    memory = "x = 'x' * (7 << 30)"
    result = tools.run([sys.executable, "-c", memory])
    if not re.search("MemoryError", result.errors):
        sys.exit(f"no limit on memory: {result}")
