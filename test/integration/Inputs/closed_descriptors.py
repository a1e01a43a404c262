"""Trains with some of the descriptors 0 to 2 closed: closed_descriptors.py FOLDER COMMAND...

The log, TensorBoard's events and a checkpoint must hold the same each time, apart from times.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

place = pathlib.Path(sys.argv[1]) / "run"
command = sys.argv[2:] + ["--log", place / "log", "--tensorboard", place / "events", "--save", place / "saved"]


def read_files():
    losses = [json.loads(line)["loss"] for line in (place / "log").read_text().splitlines()]
    events = b"".join(file.read_bytes() for file in (place / "events").iterdir())
    if b"tokens/s |" in events or b"target cpu" in events:
        sys.exit("messages in the event file")
    saved = [file.read_bytes() for file in sorted((place / "saved/step-3").iterdir())]
    return losses, len(events), saved


seen = []
for closed in (), (0,), (2,), (0, 2), (0, 1, 2):
    place.mkdir()
    code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          preexec_fn=lambda: [os.close(descriptor) for descriptor in closed]).returncode
    if code:
        sys.exit(f"without {closed}: exit code {code}")
    seen.append(read_files())
    shutil.rmtree(place)
    if seen[-1] != seen[0]:
        sys.exit(f"without {closed}: other files")
print(f"{len(seen)} ways, the same files")
