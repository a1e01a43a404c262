"""Writes tokens drawn at random as a .u16 file: make_tokens.py FILE COUNT VOCABULARY [SEED]."""
import random
import struct
import sys

path, count, vocabulary = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
generator = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
with open(path, "wb") as file:
    file.write(struct.pack(f"<{count}H", *(generator.randrange(vocabulary) for _ in range(count))))
