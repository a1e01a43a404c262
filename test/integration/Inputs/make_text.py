"""Writes text to train on, the same at every call: words of a small vocabulary in random order. make_text.py FILE"""

import random
import sys

generator = random.Random(1)
words = ["".join(generator.choices("etaoinshrdlu", k=generator.randint(2, 7))) for _ in range(60)]
with open(sys.argv[1], "w") as file:
    file.write(" ".join(generator.choices(words, k=2000)))
