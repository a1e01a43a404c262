"""What a tool says when something breaks inside: break_tool.py TOOL ARGUMENT...

The tool is started on a pipe in which nothing comes, and is sent the signal of a wild access.
"""

import os
import signal
import subprocess
import sys
import time

# AddressSanitizer, where the tool is built under it, would take the signal for its own.
environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0"}
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           env=environment)


def waits_for_input():
    """Whether the handlers are installed: the tool sleeps in a read of the pipe."""
    with open(f"/proc/{process.pid}/syscall") as file:
        return file.read().split()[:2] == ["0", "0x0"]


deadline = time.time() + 20
while not waits_for_input() and process.poll() is None and time.time() < deadline:
    time.sleep(0.01)
process.send_signal(signal.SIGSEGV)
_, messages = process.communicate()
print(f"ended by signal: {process.returncode < 0}")
print(messages)
