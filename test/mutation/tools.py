"""Running the tools under limits, and judging how they ended.

Where the folder of the tools holds `tool_server`, that program runs hadalc, hadal-opt and hadal-import in forked children;
otherwise, and for training programs, each run is a process of its own.
"""
import dataclasses
import json
import os
import pathlib
import re
import resource
import signal
import subprocess

SERVED = ("hadalc", "hadal-opt", "hadal-import")


@dataclasses.dataclass
class Limits:
    seconds: int = 10  # of CPU; a run may take six times as long on a busy machine
    bytes: int = 6 << 30


@dataclasses.dataclass
class Result:
    code: int | None  # None: ended by a signal, or late
    how: str
    errors: str


def _signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Tools:
    def __init__(self, folder, scratch, limits):
        self.folder, self.scratch, self.limits = pathlib.Path(folder).resolve(), pathlib.Path(scratch).resolve(), limits
        self.server = None
        # Sanitizers reserve terabytes of addresses.
        self.sanitized = any(b"__asan_init" in path.read_bytes() for path in [self.folder / "hadal-import"] if path.exists())

    def command(self, arguments):
        """The arguments with the tool's full path, as a user would type them."""
        return [str(self.folder / arguments[0]) if "/" not in arguments[0] else arguments[0], *arguments[1:]]

    def run(self, arguments, folder="."):
        output, errors = self.scratch / "stdout", self.scratch / "stderr"
        if arguments[0] in SERVED and (self.folder / "tool_server").exists():
            ended = self._serve(arguments, folder, output, errors)
        else:
            ended = self._spawn(arguments, folder, output, errors)
        return Result(*ended, errors.read_text(errors="replace"))

    def _limit(self):
        resource.setrlimit(resource.RLIMIT_CPU, (self.limits.seconds, self.limits.seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if not self.sanitized:
            resource.setrlimit(resource.RLIMIT_AS, (self.limits.bytes, self.limits.bytes))

    def _spawn(self, arguments, folder, output, errors):
        with open(output, "wb") as out, open(errors, "wb") as err:
            try:
                code = subprocess.run(self.command(arguments), stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder,
                                      preexec_fn=self._limit, timeout=6 * self.limits.seconds,
                                      env=dict(os.environ, LLVM_DISABLE_SYMBOLIZATION="1")).returncode
            except subprocess.TimeoutExpired:
                return None, "hang"
        return (code, f"exit code {code}") if code >= 0 else self._killed(-code)

    def _serve(self, arguments, folder, output, errors):
        if self.server is None:
            self.server = subprocess.Popen([str(self.folder / "tool_server")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           text=True)
        request = {"arguments": arguments, "folder": str(folder), "output": str(output), "errors": str(errors),
                   "seconds": self.limits.seconds, "bytes": 0 if self.sanitized else self.limits.bytes}
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        reply = json.loads(self.server.stdout.readline())
        if "signal" in reply:
            return self._killed(reply["signal"])
        if "timeout" in reply:
            return None, "hang"
        return reply["code"], f"exit code {reply['code']}"

    @staticmethod
    def _killed(number):
        return None, "hang" if number in (signal.SIGXCPU, signal.SIGKILL) else _signal_name(number)

    def close(self):
        if self.server:
            self.server.stdin.close()
            self.server.wait()


# What a message has to name, by kind of file.
IR_PLACE = re.compile(r"^\S.*\.mlir:\d+:\d+: error: \S", re.MULTILINE)  # 0:0 is a file as a whole
JSON_PLACE = re.compile(r'error: \S*\.json: (?:field "|is not valid JSON: |.*\[\d+:\d+)')
WEIGHTS_PLACE = re.compile(r"^error: .*\.(?:safetensors|json)\b.*(?:tensor|byte|header|field|setting|entr|index|weight_map|JSON)"
                           r"|^error: cannot open '.*'|^warning: skipped the checkpoint \S+: .", re.MULTILINE)
SANITIZER = re.compile(r"ERROR: \w*Sanitizer|runtime error:|Assertion `|LLVM ERROR|PLEASE submit a bug report")


def judge(result, documented, place):
    """What is wrong with how a tool ended, or None. `documented` are the exit codes that input may lead to."""
    if SANITIZER.search(result.errors):
        return f"{result.how}, " + SANITIZER.search(result.errors).group()
    if result.code is None:
        return result.how
    if result.code not in documented:
        return f"undocumented {result.how}"
    if result.code == 0:
        return "exit code 0 after an error" if re.search(r"^(\S+: )?error: ", result.errors, re.MULTILINE) else None
    # Other codes than 1 say what became of the training, at a step.
    return None if result.code != 1 or place.search(result.errors) else f"{result.how} with a message without a place"
