"""Reads the document of a report and holds it against itself and against what else hadalc says of the same program:

    check_report.py REPORT.html [CONFIG.json]       prints the document, its kernels sorted by name

Sizes are counted again from types, edges from their other ends, bounds from bytes, multiply-adds and the figures of the target.
CONFIG is what --print-config=json has said: every kernel of it is in the report, with the same choice and time.
"""

import collections
import json
import math
import re
import sys

page = open(sys.argv[1], encoding="utf-8").read()


def require(condition, *what):
    if not condition:
        sys.exit("report: " + " ".join(str(part) for part in what))


# The page asks nothing of a network: no address is loaded from, and the browser is told to refuse any.
(text,) = re.findall(r'<script type="application/json" id="report">(.*?)</script>', page, flags=re.DOTALL)
require("default-src 'none'" in page, "no policy against loading")
for fault in (r"<script[^>]*\bsrc=", r"<link\b", r"<img\b", r"<iframe\b", r"@import", r"\burl\(\s*['\"]?(?!#)[a-z/]"):
    require(not re.search(fault, page), "the page loads something:", fault)
for address in set(re.findall(r"\bhttps?://[^\s\"'<>)]*", page)):
    require(re.match(r"http://www\.w3\.org/|https://d3js\.org", address), "an address in the page:", address)
require("Mike Bostock" in page and "BSD" in page and "Redistribution and use" in page, "the licence of d3 is missing")
require("@DOCUMENT@" not in page and "/* SCRIPTS */" not in page and "/* STYLES */" not in page, "a mark is left in the page")
document = json.loads(text)
kernels, entries, groups, target = (document[key] for key in ("kernels", "entries", "groups", "target"))

element_bytes = {"f32": 4, "bf16": 2, "i32": 4, "i64": 8, "i1": 1}


def size(operand):
    """Bytes of memory: tiles that hang over an edge are filled up."""
    *shape, element = re.fullmatch(r"tensor<(.*)>", operand["type"])[1].split("x")
    numbers = dict(re.findall(r"(\w+) = \[([\d, ]*)\]", operand.get("layout", "")))
    cut = [1] * len(shape)
    for dimension, tile in zip(numbers.get("inner", "").split(","), numbers.get("tiles", "").split(",")):
        if dimension:
            cut[int(dimension)] *= int(tile)
    return math.prod(-(-int(length) // tile) * tile for length, tile in zip(shape, cut)) * element_bytes[element]


# Edges have two ends, and every launch reads each of its operands once.
launched = collections.Counter()
for group in groups:
    launched[group["kernel"]] += group["launches"]
ends = {"from": collections.Counter(), "to": collections.Counter()}
for index, kernel in enumerate(kernels):
    for number, operand in enumerate(kernel["operands"]):
        require(sum(end["launches"] for end in operand["from"]) == launched[index], kernel["name"], "operand", number)
        require(operand["bytes"] <= size(operand), kernel["name"], "reads more than there is")
        for end in operand["from"]:
            if "kernel" in end:
                made = kernels[end["kernel"]]["results"][end["number"]]
                require(made["type"] == operand["type"], kernel["name"], "operand", number, "is not what is made for it")
                ends["from"][end["kernel"], end["number"], index, number] += end["launches"]
    for number, result in enumerate(kernel["results"]):
        require(result["bytes"] == size(result), kernel["name"], "result", number)
        for end in result["to"]:
            if "kernel" in end:
                ends["to"][index, number, end["kernel"], end["number"]] += end["launches"]
require(ends["from"] == ends["to"], "edges differ at their ends")
for index, entry in enumerate(entries):
    own = sum(group["launches"] for group in groups if group["entry"] == index)
    require(own == entry["launches"], entry["name"], "has", entry["launches"], "launches and groups", own)
    samples = entry["memory"]["samples"]
    require(max((sum(bytes) for _, *bytes in samples), default=0) == entry["memory"]["live"], entry["name"], "memory")
    require(entry["memory"]["live"] <= entry["memory"]["arena"] or not samples, entry["name"], "arena")


def near(a, b):
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-15)


for kernel in kernels:
    bound, bytes = kernel["bound"], sum(each["bytes"] for each in kernel["operands"] + kernel["results"])
    products = target["bf16Products" if kernel["bf16"] else "products"]
    require(bytes == kernel["bytes"], kernel["name"], "bytes")
    require(near(bound["memory"], bytes / target["memoryBandwidth"] if bytes > target["cacheBytes"] else 0), kernel["name"], "memory")
    require(near(bound["cache"], bytes / target["cacheBandwidth"]), kernel["name"], "cache")
    require(near(bound["products"], kernel["multiplyAdds"] / products), kernel["name"], "products")
    require(near(bound["seconds"], max(bound["memory"], bound["cache"], bound["products"])), kernel["name"], "bound")
    require(near(bound[bound["limit"]], bound["seconds"]), kernel["name"], "limit")
    if "seconds" in kernel:
        overhead, share = kernel["parts"]["overhead"], target["modelledWorkers"] / target["workers"]
        require(near(kernel["predicted"], overhead + (kernel["seconds"] - overhead) * share), kernel["name"], "predicted")

# The floor of a step is the sum of the bounds of its launches.
for key, seconds in (("predicted", lambda kernel: kernel["predicted"]), ("bound", lambda kernel: kernel["bound"]["seconds"])):
    whole = sum(group["launches"] * entries[group["entry"]]["runs"] * seconds(kernels[group["kernel"]]) for group in groups)
    require(near(whole, document["step"][key]), "step", key, whole, document["step"][key])

# What is near its bound: at 60% of it, in the time that was measured, or else predicted.
times = collections.Counter()
for group in groups:
    runs = entries[group["entry"]]["runs"] * group["launches"]
    times[group["kernel"]] += group["measured"] if "measured" in group else runs * kernels[group["kernel"]]["predicted"]
launches = collections.Counter()
for group in groups:
    launches[group["kernel"]] += entries[group["entry"]]["runs"] * group["launches"]
close = sum(time for index, time in times.items() if launches[index] * kernels[index]["bound"]["seconds"] >= 0.6 * time)
require(near(close / sum(times.values()), document["step"]["nearBound"]), "near bounds", close / sum(times.values()))

# What a run took: no launch longer than its entry point, and all of them no longer.
for index, entry in enumerate(entries):
    if "measured" in entry:
        own = sum(group["measured"] for group in groups if group["entry"] == index)
        require(own + entry["measured"]["others"] <= entry["measured"]["seconds"] * (1 + 1e-9), entry["name"], "took less than its launches")

if len(sys.argv) > 2:
    said = json.load(open(sys.argv[2]))["kernels"]
    told = {kernel["name"]: kernel for kernel in kernels}
    require(len(said) == len(told), len(said), "kernels are configured and", len(told), "reported")
    for kernel in said:
        for key in ("hash", "kind", "strategy", "choice", "seconds", "parts", "others"):
            require(told[kernel["name"]].get(key) == kernel.get(key), kernel["name"], key)

kernels.sort(key=lambda kernel: kernel["name"])
print(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False))
