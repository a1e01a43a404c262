"""Runs a command several times at once: together.py FOLDER COUNT COMMAND...

OUTPUT in the command becomes a file in FOLDER that exists before. All must succeed and leave that file and no other, with
what one alone writes.
"""

import os
import pathlib
import subprocess
import sys

folder, count, command = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]


def start(name):
    return subprocess.Popen([argument.replace("OUTPUT", str(folder / name)) for argument in command],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process):
    _, messages = process.communicate()
    if process.returncode:
        sys.exit(f"exit code {process.returncode}: {messages}")


finish(start("alone"))
(folder / "output").write_text("what was there before")
for process in [start("output") for _ in range(count)]:
    finish(process)
if sorted(os.listdir(folder)) != ["alone", "output"]:
    sys.exit(f"left: {os.listdir(folder)}")
if (folder / "alone").read_bytes() != (folder / "output").read_bytes():
    sys.exit("the output is not whole")
for name in ("alone", "output"):
    (folder / name).unlink()
print("the same output")
