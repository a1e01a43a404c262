"""Trains two steps in a new root folder with nothing but the program, its data and the C library.

bare_system.py PROGRAM DATA FOLDER. Only root may change the root folder; others start the program where they are, in an
empty environment.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

program, data, root = (pathlib.Path(argument) for argument in sys.argv[1:4])


def libraries():
    """The files that the dynamic linker loads, by the names that it looks for."""
    listing = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(0x", listing)


may_change_root = os.geteuid() == 0
if may_change_root:
    for file in libraries():
        copy = root / file.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    for file in program, data:
        shutil.copy(file, root)
    program, data = pathlib.Path("/") / program.name, pathlib.Path("/") / data.name
    (root / "saved").mkdir()
    saved = "/saved"
else:
    root.mkdir(parents=True)
    saved = root / "saved"

run = subprocess.run(
    [program, "--data", data, "--steps", "2", "--lr", "0.001", "--threads", "2", "--save", saved],
    stderr=subprocess.PIPE, text=True, env={}, preexec_fn=(lambda: os.chroot(root)) if may_change_root else None,
    cwd="/")
print(run.stderr)
if run.returncode or not (root / "saved" / "step-2" / "model.safetensors").exists():
    sys.exit(f"exit code {run.returncode}")
