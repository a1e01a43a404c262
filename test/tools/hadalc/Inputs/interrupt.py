"""Ends a command by signals at many instants: interrupt.py FOLDER COMMAND...

OUTPUT in the command becomes a file in FOLDER/out, where something is before. The command's temporary files lie in
FOLDER/temporary. After each signal, both folders hold what they held, unless the command was faster.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

folder = pathlib.Path(sys.argv[1])
out, temporary = folder / "out", folder / "temporary"
shutil.rmtree(folder, ignore_errors=True)
out.mkdir(parents=True)
temporary.mkdir()
command = [argument.replace("OUTPUT", str(out / "output")) for argument in sys.argv[2:]]
environment = {**os.environ, "TMPDIR": str(temporary)}


def start():
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


begin = time.time()
start().wait()
duration = time.time() - begin
former = b"what was there before"
interrupted = 0
for number in range(8):
    (out / "output").write_bytes(former)
    process = start()
    time.sleep(duration * (number + 0.5) / 8)
    chosen = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)[number % 3]
    process.send_signal(chosen)
    process.wait()
    if process.returncode not in (0, -chosen):
        sys.exit(f"{chosen.name}: exit code {process.returncode}")
    interrupted += process.returncode != 0
    time.sleep(0.1)
    left = os.listdir(temporary) + sorted(os.listdir(out))
    if left != ["output"] or (process.returncode and (out / "output").read_bytes() != former):
        sys.exit(f"after {number + 0.5} eighths: {left}")
if interrupted < 4:
    sys.exit(f"only {interrupted} of 8 were interrupted")
print("nothing is left")
