"""What becomes of a fault: it is written to the folder of the kept ones with its commands, and made small.

IR is reduced by hadal-reduce, whose script is test/mutate itself (--still); what hadal-reduce cannot read, because reading it
is the fault, and JSON lose lines as long as the fault stays.
"""
import dataclasses
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

from . import subjects
from .tools import IR_PLACE, JSON_PLACE, WEIGHTS_PLACE, judge

PLACES = {"ir": IR_PLACE, "json": JSON_PLACE, "weights": WEIGHTS_PLACE}


@dataclasses.dataclass
class Fault:
    what: str
    command: subjects.Command
    result: object

    @property
    def signature(self):
        """The same for faults that are probably one: what happened, the first message without its numbers and names, and for a
        crash the last digits of the first addresses in our own code, which stay the same wherever it is loaded."""
        lines = [line for line in self.result.errors.splitlines() if re.search(r"error: |Assertion|ERROR|terminate", line)]
        text = re.sub(r"\d+|'[^']*'|\"[^\"]*\"|@[\w.]+|%[\w#]+|(tensor|vector)<[^>]*>|^\S*/", "#", lines[0][:300]) if lines else ""
        frames = re.findall(r"^ ?\d+ +(?:hadal|tool_server)\S* +0x\w*(\w{3})\b", self.result.errors, re.MULTILINE)[:3]
        return f"{self.what}: {text}" + (f" at {' '.join(frames)}" if frames else "")


def examine(tools, case, folder):
    """Runs a case that lies in a folder. Returns (fault or None, whether all commands accepted it)."""
    for command in case.commands:
        result = tools.run(command.arguments, folder)
        what = judge(result, command.documented, command.place)
        if what is None and result.code != 0 and command.refusal_is_fault:
            what = "refused after it was accepted"
        if what:
            return Fault(what, command, result), False
        if result.code != 0:
            return None, False
    return None, True


def _record(case):
    """A case's commands as JSON, for --still."""
    kinds = {place: name for name, place in PLACES.items()}
    return {"main": case.main, "commands": [{"arguments": command.arguments, "documented": command.documented,
                                             "place": kinds[command.place], "refusal_is_fault": command.refusal_is_fault}
                                            for command in case.commands]}


def load(path):
    """What _record wrote: the case without its files, and the fault's signature."""
    record = json.loads(pathlib.Path(path).read_text())
    commands = [subjects.Command(entry["arguments"], tuple(entry["documented"]), PLACES[entry["place"]], entry["refusal_is_fault"])
                for entry in record["commands"]]
    return subjects.Case(record["main"], {}, commands), record["signature"]


def still(tools, case, signature, data, scratch):
    """Whether a file instead of the mutant shows the same fault."""
    folder = pathlib.Path(scratch) / "still"
    subjects.write(subjects.Case(case.main, dict(case.files, **{case.main: data}), case.commands), folder)
    fault, _ = examine(tools, case, folder)
    return fault is not None and fault.signature == signature


def keep(tools, case, fault, folder, script):
    """Writes the case, its commands and the message; returns the folder."""
    subjects.write(case, folder)
    commands = [" ".join(shlex.quote(part) for part in tools.command(command.arguments)) for command in case.commands]
    (folder / "command").write_text("\n".join(commands) + "\n")
    (folder / "message").write_text(f"{fault.what}\n{fault.result.errors}")
    (folder / "case.json").write_text(json.dumps(dict(_record(case), signature=fault.signature), indent=1))
    reducer = folder / "still-wrong.sh"
    arguments = [sys.executable, str(script), "--tools", str(tools.folder), "--still", str(folder / "case.json")]
    reducer.write_text("#!/bin/sh\n# Exits with 1 while the file shows the fault.\nexec "
                       + " ".join(shlex.quote(part) for part in arguments) + ' "$1"\n')
    reducer.chmod(0o755)
    return folder


def reduce(tools, case, fault, folder, scratch):
    """Makes the mutant small. Returns the reduced file, or None for kinds that are not reduced."""
    source = folder / case.main
    reduced = folder / ("reduced" + source.suffix)
    if case.main.endswith(".mlir") and _reduce_module(tools, source, reduced, folder / "still-wrong.sh"):
        return reduced
    if case.main.endswith((".mlir", ".json")):
        reduced.write_bytes(_reduce_lines(tools, case, fault, source.read_bytes(), scratch))
        return reduced
    return None


def _reduce_module(tools, source, reduced, script):
    try:
        result = subprocess.run([str(tools.folder / "hadal-reduce"), str(source), f"--test={script}", "-o", str(reduced)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
                                env=dict(os.environ, LLVM_DISABLE_SYMBOLIZATION="1"))
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return False
    return result.returncode == 0


def _reduce_lines(tools, case, fault, data, scratch):
    """Takes halves, quarters, ... of the lines away while the fault stays."""
    lines = data.splitlines(keepends=True)
    part, end = max(1, len(lines) // 2), time.monotonic() + 60
    while part:
        first = 0
        while first < len(lines) and time.monotonic() < end:
            shorter = lines[:first] + lines[first + part:]
            if still(tools, case, fault.signature, b"".join(shorter), scratch):
                lines = shorter
            else:
                first += part
        part //= 2
    return b"".join(lines)
