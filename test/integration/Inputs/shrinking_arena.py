"""Checks that the arena of @accumulate is smaller in every memory plan than in the one before it."""

import pathlib
import re
import sys

sizes = [float(re.search(r"memory plan of @accumulate: arena ([0-9.]+) MiB", pathlib.Path(file).read_text()).group(1))
         for file in sys.argv[1:]]
print("arenas in MiB:", *sizes)
if not all(after < before for before, after in zip(sizes, sizes[1:])):
    sys.exit("the arena does not shrink")
