"""Gives the cases of kernels the results of others: swap_results.py OPERANDS RESULTS OUTPUT, all files of the same kernels."""

import json
import pathlib
import sys

operands, results = (pathlib.Path(path).read_bytes() for path in sys.argv[1:3])
start = 8 + int.from_bytes(operands[:8], "little")
mixed = bytearray(operands)
for name, tensor in json.loads(operands[8:start]).items():
    if ".result." in name:
        begin, end = (start + offset for offset in tensor["data_offsets"])
        mixed[begin:end] = results[begin:end]
pathlib.Path(sys.argv[3]).write_bytes(mixed)
