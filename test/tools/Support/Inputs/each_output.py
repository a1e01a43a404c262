"""Writes the same output in several ways: each_output.py FOLDER COMMAND... -- WAY...

In every WAY, NAME stands for the file's name. Each has to write that file in FOLDER, with the same contents, and no
other.
"""

import os
import pathlib
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
middle = sys.argv.index("--")
command, ways = sys.argv[2:middle], sys.argv[middle + 1 :]
contents = set()
for way in ways:
    run = subprocess.run(command + way.split(), cwd=folder, capture_output=True, text=True)
    written = os.listdir(folder)
    if run.returncode or written != ["NAME"]:
        sys.exit(f"{way}: exit code {run.returncode}, wrote {written}\n{run.stderr}")
    contents.add((folder / "NAME").read_bytes())
    (folder / "NAME").unlink()
    print("wrote NAME and nothing else")
if len(contents) != 1:
    sys.exit("the contents differ")
