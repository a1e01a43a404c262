"""Writes three documents of random tokens, each ended by a separator, as .u16: make_documents.py FILE SHORTEST LONGEST SEPARATOR."""
import random
import struct
import sys

path, shortest, longest, separator = sys.argv[1], *map(int, sys.argv[2:5])
generator = random.Random(3)
tokens = []
for length in (shortest, longest, (shortest + longest) // 2):
    tokens += [generator.randrange(separator) for _ in range(length)] + [separator]
with open(path, "wb") as file:
    file.write(struct.pack(f"<{len(tokens)}H", *tokens))
