"""Runs a command that has to end in one error before it compiles anything: refused_at_once.py CODE TEXT COMMAND..."""

import subprocess
import sys

code, text, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
run = subprocess.run(command, capture_output=True, text=True)
errors = [line for line in run.stderr.splitlines() if "error: " in line]
if run.returncode != code or len(errors) != 1 or text not in run.stderr:
    sys.exit(f"exit code {run.returncode} for {code}; stderr without one error '{text}':\n{run.stderr}")
if " s\n" in run.stderr:
    sys.exit(f"only after a part of the compilation:\n{run.stderr}")
