"""Gives every tool options that no tool has: refuses_option.py TOOL..."""

import subprocess
import sys

for tool in sys.argv[1:]:
    for option in ("--nonsense=5", "--hx", "-hx", "--versionx"):
        run = subprocess.run([tool, option], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if run.returncode != 2 or option.split("=")[0] not in run.stderr or "--help" not in run.stderr or run.stdout:
            sys.exit(f"{tool} {option}: exit code {run.returncode}\n{run.stdout[:200]}{run.stderr}")
print(f"{len(sys.argv) - 1} tools refuse")
