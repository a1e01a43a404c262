"""Joins files to one that --split-input-file takes apart again."""
import sys

print("// -----\n".join(open(name).read() for name in sys.argv[1:]))
