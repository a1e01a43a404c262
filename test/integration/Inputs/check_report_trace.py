"""Holds the times of a report against those of the trace that it was made of, in which these entry points have run once:

    check_report_trace.py REPORT.html TRACE.json ENTRY...
"""

import collections
import json
import math
import re
import sys

page, trace = open(sys.argv[1]).read(), json.load(open(sys.argv[2]))
report = json.loads(re.search(r'<script type="application/json" id="report">(.*?)</script>', page, flags=re.DOTALL)[1])
slices = [event for event in trace["traceEvents"] if event["ph"] == "X"]

# A launch lasts from the first begin to the last end among the threads; the n-th slice of a command on a thread is of the n-th run.
runs, spans = collections.Counter(), collections.defaultdict(list)
for event in slices:
    key = event["cat"], event["args"]["command"], event["tid"]
    spans[event["cat"], event["args"]["command"], runs[key], event["name"].rpartition(".")[0]].append(event)
    runs[key] += 1
expected = collections.Counter()
for (entry, _, _, kernel), events in spans.items():
    expected[entry, kernel] += max(e["ts"] + e["dur"] for e in events) - min(e["ts"] for e in events)
told = collections.Counter()
for group in report["groups"]:
    if group["measured"]:
        told[report["entries"][group["entry"]]["name"], report["kernels"][group["kernel"]]["name"]] += group["measured"] * 1e6
assert expected.keys() == told.keys(), expected.keys() ^ told.keys()
for key, microseconds in expected.items():
    assert math.isclose(microseconds, told[key], rel_tol=1e-6), (key, microseconds, told[key])
assert report["run"]["threads"] == len({event["tid"] for event in slices}), report["run"]
ran = {entry["name"]: entry["runs"] for entry in report["entries"] if entry["runs"]}
assert ran == {entry: 1 for entry in sys.argv[3:]}, ran
print(len(expected), "kernels")
