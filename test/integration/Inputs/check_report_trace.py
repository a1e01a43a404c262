"""Holds the times of a report against those of the trace that it was made of, in which these entry points have run so often:

    check_report_trace.py REPORT.html TRACE.json RUNS ENTRY...

or makes, of a trace of one run of each entry point, one of two runs with two threads that share some of the commands:

    check_report_trace.py TRACE.json --twice TWICE.json
"""

import collections
import json
import math
import re
import sys


def slices_of(trace):
    return [event for event in trace["traceEvents"] if event["ph"] == "X"]


def double(trace):
    """Every other command of one thread has a slice within its own on the other, and the second run has exchanged threads."""
    slices = slices_of(trace)
    shift = max(event["ts"] + event["dur"] for event in slices) + 10
    shared = collections.Counter((event["cat"], event["args"]["command"]) for event in slices)
    for event in list(slices):
        if event["args"]["command"] % 2 and shared[event["cat"], event["args"]["command"]] == 1:
            slices.append(event | {"tid": 1 - event["tid"], "ts": event["ts"] + event["dur"] / 4, "dur": event["dur"] / 2})
    again = [event | {"ts": event["ts"] + shift, "tid": 1 - event["tid"]} for event in slices]
    described = [event for event in trace["traceEvents"] if event["ph"] == "M"]
    return {"traceEvents": described + again + slices}


def check(page, trace, runs, entries):
    report = json.loads(re.search(r'<script type="application/json" id="report">(.*?)</script>', page, flags=re.DOTALL)[1])
    # In one run of an entry point, a launch lasts from the first begin to the last end among the threads.
    spans = collections.defaultdict(list)
    for event in slices_of(trace):
        spans[event["cat"], event["args"]["command"], event["name"].rpartition(".")[0]].append(event)
    expected = collections.Counter()
    for (entry, _, kernel), events in spans.items():
        expected[entry, kernel] += runs * (max(e["ts"] + e["dur"] for e in events) - min(e["ts"] for e in events))
    told = collections.Counter()
    for group in report["groups"]:
        if group["measured"]:
            told[report["entries"][group["entry"]]["name"], report["kernels"][group["kernel"]]["name"]] += group["measured"] * 1e6
    assert expected.keys() == told.keys(), expected.keys() ^ told.keys()
    for key, microseconds in expected.items():
        assert math.isclose(microseconds, told[key], rel_tol=1e-5), (key, microseconds, told[key])
    ran = {entry["name"]: entry["runs"] for entry in report["entries"] if entry["runs"]}
    assert ran == {entry: runs for entry in entries}, ran
    # Rates are those that the run measured, if it did.
    rates = [event["args"] for event in trace["traceEvents"] if event["name"] == "machine_rates"]
    target = report["target"]
    assert target["isMeasured"] == bool(rates), target
    if rates:
        told = [target["memoryBandwidth"], target["cacheBandwidth"], target["products"]]
        assert told == list(rates[0].values()) and min(told) > 1e8, (told, rates)
    print(len(expected), "kernels", "by measured rates" if rates else "by rates of the table")


if sys.argv[2] == "--twice":
    json.dump(double(json.load(open(sys.argv[1]))), open(sys.argv[3], "w"))
else:
    check(open(sys.argv[1]).read(), json.load(open(sys.argv[2])), int(sys.argv[3]), sys.argv[4:])
