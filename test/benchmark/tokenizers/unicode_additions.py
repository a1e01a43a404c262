#!/usr/bin/env python3
"""Prints the rows of runtime/text/UnicodeAdditions.h: what `tokenizers` knows of Unicode beyond version 14.

Python 3.11 has the tables of version 14, as PCRE2 10.42 has. Fails when a code point has lost its category since then: a
table of additions would not do any more.
"""
import sys
import unicodedata

from tokenizers import Regex, pre_tokenizers

assert unicodedata.unidata_version == "14.0.0", "run this with Python 3.11"
POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
TEXT = "".join(map(chr, POINTS))
NAMES = ["L", "Lu", "Lt", "Ll", "Lm", "Lo", "M", "N", "Nd", "Nl", "No", "Pc", "P", "S", "Z", "Han"]


def matched(pattern):
    """The code points that Oniguruma finds."""
    left = pre_tokenizers.Split(Regex(pattern), "removed").pre_tokenize_str(TEXT)
    return set(POINTS) - {ord(c) for piece, _ in left for c in piece}


def ranges(points):
    found = []
    for point in sorted(points):
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return "".join(rf"\\x{{{a:X}}}" + (rf"-\\x{{{b:X}}}" if b > a else "") for a, b in found)


def main():
    new = {c for c in POINTS if unicodedata.category(chr(c)) == "Cn"}
    for name in NAMES:
        here = matched(rf"\p{{{name}}}")
        before = {c for c in POINTS if unicodedata.category(chr(c)).startswith(name)} if name != "Han" else here - new
        if before - here or here - before - new:
            sys.exit(f"{name}: categories have changed")
        print(f'    {{"{name}", "{ranges(here - before)}"}},')


if __name__ == "__main__":
    main()
