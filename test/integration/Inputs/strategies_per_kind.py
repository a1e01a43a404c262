"""Lists the strategies that a printed configuration names, kind by kind, and checks that no kernel of the program lacks
one: strategies_per_kind.py KERNELS.mlir PRINTED"""

import collections
import pathlib
import re
import sys

kernels = re.findall(r"^ *hadal\.kernel \w+ @(\w+)", pathlib.Path(sys.argv[1]).read_text(), re.MULTILINE)
lines = re.findall(r"^@(\w+) \((\w+)\): (\w+) ", pathlib.Path(sys.argv[2]).read_text(), re.MULTILINE)
if not kernels or sorted(kernels) != sorted(name for name, _, _ in lines):
    sys.exit(f"{len(kernels)} kernels, {len(lines)} with a strategy: {set(kernels) ^ {name for name, _, _ in lines}}")
strategies = collections.defaultdict(set)
for _, kind, strategy in lines:
    strategies[kind].add(strategy)
for kind, names in sorted(strategies.items()):
    print(f"{kind}: {', '.join(sorted(names))}")
