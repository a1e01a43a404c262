"""Holds the bits per byte of a log's two lines, of a text and of its ids: check_bits_per_byte.py LOG TEXT"""
import json
import math
import sys

text, ids = map(json.loads, open(sys.argv[1]))
size = len(open(sys.argv[2], "rb").read())
if ids["bits_per_byte"] is not None or ids["loss"] != text["loss"]:
    sys.exit(f"of ids: {ids}")
# The first token is not scored, and of the text's beginning it can only be a few bytes.
expected = [text["loss"] * text["tokens"] / math.log(2) / (size - first) for first in range(1, 20)]
if min(abs(text["bits_per_byte"] - one) for one in expected) > 1e-9 * expected[0]:
    sys.exit(f"bits per byte are {text['bits_per_byte']}, expected one of {expected}")
