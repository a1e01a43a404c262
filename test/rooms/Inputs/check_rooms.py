"""Holds the includes of a tree against the order of its rooms: check_rooms.py REPOSITORY

Rooms are the folders of dialect/, passes/, codegen/, runtime/ and tools/. A file may include files of its own room, of the
room that its room is a part of, of parts of its room, and of every room on a lower level; rooms of one level do not see each
other. Prints every include that points elsewhere, every folder with sources that has no level, and fails if there is any.
"""

import pathlib
import re
import sys

# From the bottom up. Between the five parts: an include may point to a part on its left here, but for the runtime, of which
# the compiler sees the C headers alone (tools/hadal-check-kernels and hadal-tune run kernels on it).
parts = ["runtime", "dialect", "passes", "codegen", "tools"]
levels = {
    "runtime": [["include/hadal"], ["core"], ["io"], ["devices/cpu"], ["devices/cuda", "devices/emulator"], ["devices"],
                ["sampling", "text"], ["programs"], ["programs/evaluate", "programs/kernels", "programs/train"]],
    # An operation's `evaluate` is one of its methods, and interfaces speak of the dialect's attributes.
    "dialect": [["IR", "IR/Decompositions", "IR/Gradients", "Interfaces", "Reference"], ["PTX"], ["Tile"]],
    "passes": [[""], ["Transforms"], ["Autodiff", "Precision", "Fusion", "HuggingFace"], ["Memory"], ["Programs"],
               ["Pipelines"]],
    "codegen": [["Support"], [""], ["Target"], ["Anatomy"], ["Selection"], ["Selection/CPU", "Selection/GPU"], ["Emit", "Layout"],
                ["Tile"], ["CPU", "GPU", "GPU/Frames", "NVPTX", "Emulator", "Host", "Report"], ["GPU/Kernels"], ["Driver"]],
    "tools": [[""], ["Support"], ["hadal-check-kernels"],
              ["hadal-import", "hadal-kernel-cases", "hadal-lsp-server", "hadal-opt", "hadal-reduce", "hadal-tune", "hadalc"]],
}
# A room and its parts that do not see these others and theirs, whatever the levels of the parts.
apart = {"CPU", "GPU", "NVPTX", "Emulator", "Host", "Report"}
together = [{"IR", "Interfaces", "Reference", "IR/Decompositions", "IR/Gradients"}]
include = re.compile(r'^\s*#\s*include "([^"]+)"', flags=re.MULTILINE)


def level(part, room):
    """The room's level, or none."""
    return next((number for number, rooms in enumerate(levels[part]) if room in rooms), None)


def is_part_of(room, whole):
    return whole != "" and room.startswith(whole + "/")


def allows(part, room, other_part, other):
    if part != other_part:
        if other_part == "runtime":
            return other == "include/hadal" or (part == "tools" and room in ["hadal-check-kernels", "hadal-tune"])
        return part != "runtime" and parts.index(other_part) < parts.index(part)
    if room == other or is_part_of(room, other) or is_part_of(other, room):
        return True
    if any(room in group and other in group for group in together):
        return True
    whole, other_whole = room.split("/")[0], other.split("/")[0]
    if part == "codegen" and whole != other_whole and {whole, other_whole} <= apart:
        return False
    return level(part, other) < level(part, room)


def place(path):
    """(part, room) of a path."""
    part, *folders = path.split("/")[:-1] or [""]
    return part, "/".join(folders)


def main(repository):
    found, failed = 0, False
    for file in sorted(path for part in parts for path in (repository / part).rglob("*")):
        path = str(file.relative_to(repository))
        if file.suffix not in (".h", ".cpp", ".def"):
            continue
        part, room = place(path)
        if level(part, room) is None:
            print(f"{path}: the folder has no level in the order of {part}/ (test/rooms/Inputs/check_rooms.py)")
            failed = True
            continue
        text = file.read_text()
        for match in include.finditer(text):
            other_part, other = place(match[1])
            if other_part not in parts or match[1].endswith(".inc"):
                continue
            found += 1
            if level(other_part, other) is None or not allows(part, room, other_part, other):
                print(f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {part}/{room} must not include {match[1]}")
                failed = True
    if found < 500:
        sys.exit(f"found only {found} includes")
    print(f"{found} includes")
    sys.exit(failed)


main(pathlib.Path(sys.argv[1]))
