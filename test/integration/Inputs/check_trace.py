"""Checks a Chrome trace of one step: check_trace.py TRACE.json MEMORY_PLAN

Every launch of accumulate, gradient_norm and update that the memory plan counts has its slices; those of one thread do not overlap,
and each has a name, a beginning and a length.
"""

import collections
import json
import pathlib
import re
import sys

events = json.loads(pathlib.Path(sys.argv[1]).read_text())["traceEvents"]
slices = [event for event in events if event["ph"] == "X"]
for event in slices:
    if not event["name"] or event["ts"] < 0 or event["dur"] < 0:
        sys.exit(f"malformed slice: {event}")

planned = re.findall(r"memory plan of @(\w+): .* (\d+) launches", pathlib.Path(sys.argv[2]).read_text())
kernels = {entry: int(count) for entry, count in planned}
for entry in "accumulate", "gradient_norm", "update":
    launches = {event["args"]["command"] for event in slices if event["cat"] == entry}
    # A kernel of several stages is launched once for each.
    if launches != set(range(len(launches))) or len(launches) < kernels[entry]:
        sys.exit(f"{entry}: {len(launches)} launches traced, {kernels[entry]} kernels planned")

threads = collections.defaultdict(list)
for event in slices:
    threads[event["tid"]].append((event["ts"], event["ts"] + event["dur"], event["name"]))
for thread in threads.values():
    thread.sort()
    for (_, end, name), (begin, _, next_name) in zip(thread, thread[1:]):
        if begin < end - 0.002:  # microseconds, printed with three digits
            sys.exit(f"{name} ends at {end}, but {next_name} begins at {begin}")
print(f"{len(slices)} slices on {len(threads)} threads")
