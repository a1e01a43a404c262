"""Mutations of MLIR text that keep most of it well formed.

Text is cut into tokens for changes of names, numbers, types and attributes, into lines for operations (one stands on a line,
or on a line and its continuations), and into blocks at the top for functions, kernels and globals.
"""
import re

from . import edges

TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[%@#!^][\w$.:\-]*|0x[0-9a-fA-F]+|-?\d+(?:\.\d+(?:[eE][+-]?\d+)?)?|[A-Za-z_][\w$.]*|\S')
SHAPED = re.compile(r"(tensor|vector|memref)<([^<>]*?)((?:[a-z]+\d+\w*|index)[^<>x]*)>")
ELEMENTS = ["f32", "bf16", "f16", "f64", "i1", "i8", "i16", "i32", "i64", "index", "f8E4M3FN", "f8E5M2", "none", "i0", "i65536"]
DIMENSIONS = ["?", "0", "1", "2", "3", "4", "7", "16", "64", "65", "1024", "1048577", "2147483648", "4294967297",
              "9223372036854775807"]
ATTRIBUTES = ["unit", "true", "false", "0 : i64", "-1 : i32", "1.0 : f32", "0x7FC00000 : f32", "0x7FF0000000000000 : f64", '""',
              '"text"', "[]", "[0]", "{}", "@nothing", "array<i64>", "array<i64: -1>", "array<i64: 9223372036854775807>",
              "dense<0.0> : tensor<4xf32>", "tensor<2xf32>", "#hadal.rope<theta = 10000.0, dim = 8>", "1 : index",
              "affine_map<(d0) -> (d0)>", "[[]]", '[""]', "9223372036854775807 : i64"]
WORDS = ["sigmoid", "softmax", "private", "public", "nested", "train", "rowwise", "contraction", "attention", "head",
         "reduction", "routing", "update", "normalize", "interleaved", "ones", "zeros", "normal", "pre_norm", "post_norm",
         "negative_infinity", "zero", "ahead", "norm", "main", "mtp", "balance", "accumulate", "evaluate", "gradient_norm"]


def _tokens(text, accept):
    # Comments and locations say nothing that a tool could break on.
    return [match for match in TOKEN.finditer(text) if accept(match.group())]


def _replace(text, match, new):
    return text[:match.start()] + new + text[match.end():]


def _swap_token(random, text, others, accept):
    """Puts one token of a kind, of this text or of another, in the place of one of the same kind."""
    places = _tokens(text, accept)
    if not places:
        return text
    source = random.choice(others) if random.random() < 0.2 else text
    candidates = _tokens(source, accept) or places
    return _replace(text, random.choice(places), random.choice(candidates).group())


def value_name(random, text, others):
    return _swap_token(random, text, others, lambda token: token[0] == "%")


def symbol_name(random, text, others):
    if random.random() < 0.2:
        places = _tokens(text, lambda token: token[0] == "@")
        name = random.choice(["@accumulate", "@update", "@evaluate", "@gradient_norm", "@main", '@""', '@"a b"', "@malloc", "@x"])
        return _replace(text, random.choice(places), name) if places else text
    return _swap_token(random, text, others, lambda token: token[0] == "@")


def operation_name(random, text, others):
    return _swap_token(random, text, others, lambda token: re.fullmatch(r"[a-z]\w*\.[a-z][\w.]*", token))


def keyword(random, text, others):
    if random.random() < 0.5:
        return _swap_token(random, text, others, lambda token: token in WORDS)
    places = _tokens(text, lambda token: token in WORDS)
    return _replace(text, random.choice(places), random.choice(WORDS + [""])) if places else text


def number(random, text, others):
    places = _tokens(text, lambda token: re.fullmatch(r"-?\d+(\.\d+([eE][+-]?\d+)?)?", token))
    if not places:
        return text
    place = random.choice(places)
    if "." in place.group():
        new = repr(float(random.choice(edges.REALS)))
        new = new if "." in new else new.replace("e", ".0e")
        return _replace(text, place, random.choice([new, new, "-" + new.lstrip("-"), "0x7FF0000000000000", "0x7FF8000000000000"]))
    old = int(place.group())
    new = edges.near(random, old) if random.random() < 0.5 else edges.integer(random)
    return _replace(text, place, str(new))


def string(random, text, others):
    places = _tokens(text, lambda token: token[0] == '"')
    if not places:
        return text
    if random.random() < 0.5:
        return _swap_token(random, text, others, lambda token: token[0] == '"')
    new = random.choice(edges.STRINGS).replace("\\", "\\\\")
    return _replace(text, random.choice(places), f'"{new}"')


def shaped_type(random, text, others):
    """Another element type, or a dimension more, less or other, here or everywhere where the type stands."""
    places = list(SHAPED.finditer(text))
    if not places:
        return text
    place = random.choice(places)
    kind, dimensions, element = place.group(1), place.group(2).split("x")[:-1], place.group(3)
    way = random.randrange(5)
    if way == 0:
        element = random.choice(ELEMENTS)
    elif way == 1 and dimensions:
        dimensions[random.randrange(len(dimensions))] = random.choice(DIMENSIONS)
    elif way == 2:
        dimensions.insert(random.randrange(len(dimensions) + 1), random.choice(DIMENSIONS))
    elif way == 3 and dimensions:
        del dimensions[random.randrange(len(dimensions))]
    else:
        kind = random.choice(["tensor", "vector", "memref"])
    new = f"{kind}<{''.join(size + 'x' for size in dimensions)}{element}>"
    return text.replace(place.group(), new) if random.random() < 0.5 else _replace(text, place, new)


def attribute(random, text, others):
    """An attribute `name = value` or `name` in braces: gone, with another value, or one more."""
    places = list(re.finditer(r"([{,<])\s*([A-Za-z_][\w.]*)( = (?:[^,{}\[\]<>\n]|<[^<>]*>|\[[^\[\]]*\])+)?(?=[,}>])", text))
    if not places:
        return text
    place = random.choice(places)
    opening, name, value = place.groups()
    way = random.randrange(4)
    if way == 0:
        after = text[place.end():]
        if opening in "{<" and after.startswith(","):
            return text[:place.start() + 1] + after[1:]
        return text[:place.start()] + (opening if opening in "{<" else "") + after
    if way == 1:
        return _replace(text, place, f"{opening}{name} = {random.choice(ATTRIBUTES)}")
    if way == 2:
        other = random.choice(places).group(2)
        return _replace(text, place, f"{opening}{other}{value or ''}")
    added = random.choice([random.choice(places).group(2), "hadal.aliases", "hadal.role", "hadal.target", "hadal.cpu", "std"])
    return _replace(text, place, f"{place.group()}, {added} = {random.choice(ATTRIBUTES)}")


def lines(random, text, others):
    """Operations gone, doubled, moved, exchanged, or taken from another file."""
    rows = text.split("\n")
    at, other = random.randrange(len(rows)), random.randrange(len(rows))
    way = random.randrange(6)
    if way == 0:
        del rows[at:at + random.choice([1, 1, 1, 2, 5])]
    elif way == 1:
        rows.insert(other, rows[at])
    elif way == 2:
        rows.insert(min(other, len(rows) - 1), rows.pop(at))
    elif way == 3:
        rows[at], rows[other] = rows[other], rows[at]
    elif way == 4:
        rows.insert(at, random.choice(random.choice(others).split("\n")))
    else:
        rows[at] = random.choice(random.choice(others).split("\n"))
    return "\n".join(rows)


def _blocks(text):
    """The pieces of a file that begin at a margin with a word and end before the next such."""
    starts = [match.start() for match in re.finditer(r"^ {0,2}(?=[a-z\"])", text, re.MULTILINE)] + [len(text)]
    return [(begin, end) for begin, end in zip(starts, starts[1:])]


def blocks(random, text, others):
    """Whole functions, kernels and globals gone, doubled, or spliced in from another file."""
    pieces = _blocks(text)
    if not pieces:
        return text
    begin, end = random.choice(pieces)
    way = random.randrange(3)
    if way == 0:
        return text[:begin] + text[end:]
    if way == 1:
        return text[:end] + text[begin:end] + text[end:]
    other = random.choice(others)
    pieces = _blocks(other)
    first, last = random.choice(pieces) if pieces else (0, len(other))
    return text[:begin] + other[first:last] + text[random.choice([begin, end]):]


def splice(random, text, others):
    """The head of one file and the tail of another, cut at a line."""
    head, tail = text.split("\n"), random.choice(others).split("\n")
    return "\n".join(head[:random.randrange(len(head) + 1)] + tail[random.randrange(len(tail) + 1):])


MUTATIONS = [value_name, value_name, symbol_name, operation_name, keyword, number, number, number, string, shaped_type, shaped_type,
             attribute, attribute, lines, lines, blocks, splice]


def mutate(random, text, others):
    """`text`, changed in one to three ways that mostly leave it well formed, or in a few bytes. Returns bytes."""
    way = random.random()
    if way < edges.UNCHANGED:
        return text.encode()
    if way > 0.92:
        return edges.mutate_bytes(random, text.encode())
    for _ in range(random.choice([1, 1, 1, 1, 2, 3])):
        text = random.choice(MUTATIONS)(random, text, others)
    return text.encode("utf-8", "replace")
