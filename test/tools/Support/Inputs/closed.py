"""Runs a command with some of the descriptors 0 to 2 closed: closed.py FOLDER COMMAND...

OUTPUT in the command becomes a file in FOLDER; its contents must be the same each time.
"""

import os
import pathlib
import subprocess
import sys

output = pathlib.Path(sys.argv[1]) / "output"
command = [argument.replace("OUTPUT", str(output)) for argument in sys.argv[2:]]
contents = set()
ways = 0
for closed in (), (0,), (2,), (0, 2), (0, 1, 2):
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         preexec_fn=lambda: [os.close(descriptor) for descriptor in closed])
    # A closed standard output may be an error where something is written to it, after the file.
    if run.returncode and not (1 in closed and output.exists()):
        sys.exit(f"without {closed}: exit code {run.returncode}")
    contents.add(output.read_bytes())
    output.unlink()
    ways += 1
if len(contents) != 1:
    sys.exit(f"{len(contents)} different outputs")
print(f"{ways} ways, the same output")
