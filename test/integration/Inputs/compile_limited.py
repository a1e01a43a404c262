"""Compiles with the limit of memory that leaves a share of the arena: compile_limited.py PLAN SHARE COMMAND...

PLAN is what --print-memory-plan says of the program without a limit.
"""

import pathlib
import re
import subprocess
import sys

text = pathlib.Path(sys.argv[1]).read_text()
arena = max(float(size) for size in re.findall(r"memory plan of @\w+: arena ([0-9.]+) MiB", text))
persistent = re.search(r"^persistent: (.*)$", text, flags=re.MULTILINE)[1]
# What is read while a parameter is loaded is held before there is an arena.
state = sum(float(size) for kind, size in re.findall(r"(\w+) ([0-9.]+) MiB", persistent) if kind != "loading")
# Sizes are printed to two digits.
limit = state + float(sys.argv[2]) * arena + 0.05
sys.exit(subprocess.run([*sys.argv[3:], f"--memory-limit={limit:.3f}MiB"]).returncode)
