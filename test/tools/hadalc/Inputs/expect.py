"""Runs a command and checks its exit code and that its error output holds a text: expect.py CODE TEXT COMMAND..."""

import subprocess
import sys

code, text, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
run = subprocess.run(command, capture_output=True, text=True)
if run.returncode != code or text not in run.stderr:
    sys.exit(f"exit code {run.returncode} for {code}; stderr without '{text}':\n{run.stderr}")
