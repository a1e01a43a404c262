"""Cuts a file of 16-bit tokens into documents of at most nine tokens, each ended by token 40.

usage: short_documents.py INPUT OUTPUT
"""
import array
import pathlib
import sys


def main():
    tokens = array.array("H", pathlib.Path(sys.argv[1]).read_bytes())
    tokens = [token for token in tokens if token != 40]
    result, begin = array.array("H"), 0
    for length in [8, 1, 5, 2, 8, 7, 3] * 8:
        result.extend([*tokens[begin:begin + length], 40])
        begin += length
    pathlib.Path(sys.argv[2]).write_bytes(result.tobytes())


if __name__ == "__main__":
    main()
