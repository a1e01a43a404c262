"""A command that must fail: refuses.py CODE TEXT FOLDER COMMAND...

It has to end with the exit code and exactly one error on stderr, which holds TEXT, and to leave nothing in FOLDER.
"""

import pathlib
import subprocess
import sys

code, text, folder, command = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4:]
run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
errors = [line for line in run.stderr.splitlines() if "error: " in line]
left = [str(path) for path in folder.rglob("*")]
if run.returncode != code or len(errors) != 1 or text not in errors[0] or left:
    sys.exit(f"exit code {run.returncode} for {code}; left behind: {left}; stderr without one error '{text}':\n{run.stderr}")
print(errors[0])
