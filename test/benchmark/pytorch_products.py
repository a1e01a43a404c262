#!/usr/bin/env python3
"""Times matrix products in bf16 as PyTorch computes them (oneDNN), for test/benchmark/run.

Reads one product a line from standard input, {"m", "n", "k", "count", "transpose_a", "transpose_b", "accumulate"}, and
answers each with {"seconds"}: the median time of `count` products op(A) op(B), one call each, on warm operands. What is
added to is bf16 too: the least that PyTorch can move. The first line that it writes says which version it is.
"""
import argparse
import json
import statistics
import sys
import time

import torch


def operand(count, rows, columns, transposed):
    shape = (count, columns, rows) if transposed else (count, rows, columns)
    values = torch.rand(shape, dtype=torch.float32).to(torch.bfloat16)
    return values.transpose(1, 2) if transposed else values


def seconds(product, repetitions=5):
    m, n, k, count = (product[name] for name in ("m", "n", "k", "count"))
    a, b = operand(count, m, k, product["transpose_a"]), operand(count, k, n, product["transpose_b"])
    c = torch.zeros((count, m, n), dtype=torch.bfloat16)
    times = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        for i in range(count):
            if product["accumulate"]:
                torch.addmm(c[i], a[i], b[i], out=c[i])
            else:
                torch.mm(a[i], b[i], out=c[i])
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, required=True, metavar="N")
    torch.set_num_threads(parser.parse_args().threads)
    print(json.dumps({"description": f"PyTorch {torch.__version__} (oneDNN)"}), flush=True)
    with torch.no_grad():
        for line in sys.stdin:
            print(json.dumps({"seconds": seconds(json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()
