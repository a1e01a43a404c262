"""Ends a tool by a signal while NVIDIA's assembler runs: interrupt_assembler.py FOLDER COMMAND...

A script takes the assembler's place. It starts another process, as compilers do, and both go on writing until they are
ended (or for a while).
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

folder = pathlib.Path(sys.argv[1])
temporary, running = folder / "temporary", folder / "running"
shutil.rmtree(folder, ignore_errors=True)
(folder / "bin").mkdir(parents=True)
temporary.mkdir()
assembler = folder / "bin" / "ptxas"
assembler.write_text(f"""#!/bin/sh
[ "$1" = --version ] && {{ echo "Cuda compilation tools, release 13.0, V13.0.88"; exit 0; }}
for last; do :; done
write() {{ for round in $(seq 1000); do echo x >"$1"; touch {running}; sleep 0.02; done; }}
write "$last" &
write "$last"
""")
assembler.chmod(0o755)
environment = {**os.environ, "TMPDIR": str(temporary), "CUDA_HOME": str(folder)}

for chosen in (signal.SIGTERM, signal.SIGINT):
    process = subprocess.Popen(sys.argv[2:], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.time() + 30
    while not running.exists() and time.time() < deadline:
        time.sleep(0.01)
    process.send_signal(chosen)
    process.wait()
    running.unlink()
    time.sleep(0.2)
    if process.returncode != -chosen or running.exists() or os.listdir(temporary):
        sys.exit(f"{chosen.name}: exit code {process.returncode}, left {os.listdir(temporary)}, "
                 f"assembler runs: {running.exists()}")
print("nothing is left")
