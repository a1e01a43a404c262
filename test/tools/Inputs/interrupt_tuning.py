"""Interrupts a tuning as the turns of its second kernel go on, and says what it leaves: interrupt_tuning.py FILE
COMMAND..."""

import json
import pathlib
import signal
import subprocess
import sys

file, *command = sys.argv[1:]
turns = command.index("--repeat=100000")
# The first kernel is tuned quickly, so that there is something to leave.
subprocess.run(command[:turns] + ["--repeat=1", "--kernel=product"] + command[turns + 1 :], check=True, capture_output=True)
process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
for line in process.stderr:
    if line.startswith("[2/2]"):
        process.send_signal(signal.SIGINT)
    print(line, end="")
code = process.wait()
print(f"exit code {code}, {len(json.loads(pathlib.Path(file).read_text())['kernels'])} kernels in the file")
