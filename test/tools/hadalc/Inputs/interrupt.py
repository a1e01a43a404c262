"""Ends a command by signals at many instants, and while it runs another program: interrupt.py FOLDER COMMAND...

OUTPUT in the command becomes a file in FOLDER/out, where something is before. The command's temporary files lie in
FOLDER/temporary. After each signal, both folders hold what they held, or, where the command was faster, its whole output.
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


def has_child(process):
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if stat.read_text().rsplit(")", 1)[1].split()[1] == str(process.pid):
                return True
        except OSError:  # ended meanwhile
            pass
    return False


def wait_for_child(process):
    while not has_child(process) and process.poll() is None:
        pass


begin = time.time()
start().wait()
duration = time.time() - begin
whole = (out / "output").read_bytes()
former = b"what was there before"
interrupted = 0
for number in range(7):
    (out / "output").write_bytes(former)
    process = start()
    if number < 4:
        time.sleep(duration * (number + 0.5) / 4)
    else:
        wait_for_child(process)
    chosen = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)[number % 3]
    process.send_signal(chosen)
    process.wait()
    if process.returncode not in (0, -chosen):
        sys.exit(f"{chosen.name}: exit code {process.returncode}")
    interrupted += process.returncode != 0
    time.sleep(0.1)
    left = os.listdir(temporary) + sorted(os.listdir(out))
    # A signal may come after the output is there and before the command has ended.
    allowed = (former, whole) if process.returncode else (whole,)
    if left != ["output"] or (out / "output").read_bytes() not in allowed:
        sys.exit(f"at instant {number}: {left}")
if interrupted < 4:
    sys.exit(f"only {interrupted} of 7 were interrupted")
print("nothing is left")
