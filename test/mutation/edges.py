"""Values at which programs break: what the mutations of all kinds of files put in place of what stands there."""

# How many mutants are their originals: what must be accepted is seen to be, and options are tried on it.
UNCHANGED = 0.1

INTEGERS = [0, 1, -1, 2, 3, 5, 7, 8, 16, 63, 64, 65, 100, 127, 128, 255, 256, 1000, 4096, 65535, 65536, 10**6,
            2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30,
            -2, -7, -128, -2**31, -2**31 - 1, -2**63, -2**63 - 1]

REALS = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-6, 1e-38, 1e-45, 5e-324, 1e-300, 1e38, 3.5e38, 1e300, 1.7976931348623157e308, 1e-7,
         1e7, 123456.789, 2.0**24 + 1]

STRINGS = ["", ".", "..", "a", "a.b", "model.layers.0", "\u00e9", "\U0001f40b", "{e}", "%s%n", "x" * 3000, "../../x", " ",
           "@", "\\", "a/b", "null", "-1", "{e}.{e}", "model.layers.99999999999999999999"]


def integer(random):
    return random.choice(INTEGERS) if random.random() < 0.8 else random.randrange(-2**65, 2**65)


def near(random, number):
    """A number that may still be valid where `number` was."""
    return random.choice([number + 1, number - 1, number * 2, number // 2, number * 3, -number, number + 8])


def mutate_bytes(random, data):
    """A few bytes changed, put in, taken out, moved or cut off."""
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 4, 16])):
        if not data:
            data += bytes([random.randrange(256)])
            continue
        at = random.randrange(len(data))
        length = min(len(data) - at, random.choice([1, 1, 2, 4, 30, 300]))
        way = random.randrange(7)
        if way == 0:
            data[at] ^= 1 << random.randrange(8)
        elif way == 1:
            data[at] = random.choice(b"\x00\xff\x80{}[]()<>\"'\\,:%@#!.-+*/0129 \n\tez")
        elif way == 2:
            data[at:at] = bytes([random.randrange(256)])
        elif way == 3:
            del data[at:at + length]
        elif way == 4:
            data[at:at] = data[at:at + length]
        elif way == 5:
            other = random.randrange(len(data))
            data[at:at + length] = data[other:other + length]
        else:
            del data[at:]
    return bytes(data)
